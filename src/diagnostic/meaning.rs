//! Explanations of problems that no rule of `check` finds: those of reading, evaluating and drawing.

use super::Code;

impl Code {
    /// Meaning, consequence and remedy in a few sentences; `None` for findings of `check`, whose rules have their own.
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self {
            Code::UnreadableInput => {
                "A file or a folder that was named does not exist, may not be read, is larger than `--max-file-size`, \
                 or is no regular file. Everything else is read and drawn; the exit code is 2, or 0 with `--lenient`."
            }
            Code::NothingFound => {
                "No document of the input has both `apiVersion` and `kind`. Often the folder is the wrong one, a \
                 command before a pipe failed, or the files are no Kubernetes manifests (a compose file, values of a \
                 chart). `-v` lists the files that were read."
            }
            Code::ExternalTool => {
                "`-k` needs kustomize or kubectl, `--helm` needs helm. The program is not installed, could not be \
                 started, or ended with an error, which the message quotes."
            }
            Code::YamlSyntax => {
                "The text of a document is not valid YAML, usually because of a tab, a missing space after a colon, or \
                 wrong indentation. The document is left out; other documents of the file are read."
            }
            Code::YamlLimit => {
                "A document is nested more deeply, or repeats itself by aliases more often, than any real manifest \
                 does. It is left out, so that a hostile file cannot exhaust memory."
            }
            Code::YamlDuplicateKey => {
                "Kubernetes takes the last value of a key that a mapping contains twice, and so does kubesketch; the \
                 earlier value has no effect. Often a line `---` between two documents is missing."
            }
            Code::HelmTemplate => {
                "The file contains `{{ … }}` expressions, so it is a source of manifests and not a manifest. Render the \
                 chart: `kubesketch draw --helm CHART`, or `helm template CHART | kubesketch draw -`."
            }
            Code::ObjectIdentity => {
                "A document looks like a Kubernetes object but lacks a usable `kind`, `apiVersion` or `metadata.name`, \
                 or its name is one that the API server would refuse. It is left out."
            }
            Code::FieldType => {
                "The API server would refuse this object: a field has a value of the wrong type, such as a number where \
                 a text is expected. The field is left out and the rest of the object is used."
            }
            Code::FieldValue => {
                "The type of a value is right, but Kubernetes refuses it: a port above 65535, an unknown protocol, an \
                 invalid address block or selector."
            }
            Code::FieldMissing => "A field that the API server requires is missing, so it would refuse this object.",
            Code::FieldUnknown => {
                "Kubernetes does not know this field; unless strict validation is on, it is silently dropped. Usually \
                 the name is misspelled or the indentation is wrong."
            }
            Code::UnknownKind => {
                "The API group contains no such kind, but one with a very similar name. The object is treated as a \
                 custom resource, so it has no effect here."
            }
            Code::NamespaceDefaulted => {
                "These objects name no namespace. `kubectl apply` would put them into the namespace of its context; \
                 kubesketch puts them into `default`. `-n NAME` gives another one."
            }
            Code::PolicyRefused => {
                "The API server would refuse this policy, so it has no effect in a cluster and none here: connections \
                 are evaluated without it."
            }
            Code::NetworkRefused => {
                "The API server would refuse this network, or another network already serves the namespace. Its pods \
                 stay on the network that they would be on without it."
            }
            Code::UnsupportedPeer => {
                "A rule selects nodes or domain names. Manifests do not contain the addresses of nodes, and domain names \
                 resolve to addresses that change, so verdicts that depend on the rule cannot be determined."
            }
            Code::AddressesMayCoverPods => {
                "A rule contains addresses from ranges that clusters usually give to pods. Manifests do not contain the \
                 addresses of pods, so it cannot be determined which pods the rule selects."
            }
            Code::NamespaceLabelsUnknown => {
                "A selector asks for labels of a namespace that the manifests do not declare. Its labels are unknown, \
                 except `kubernetes.io/metadata.name`, so it cannot be determined whether the selector matches."
            }
            Code::PodsDiffer => {
                "The pods of one workload have different labels, and policies apply to some of them only. The workload \
                 is drawn as one; tables and `why` answer for each group of pods."
            }
            Code::HostNetworkUndetermined => {
                "These pods use the network of their node. Most network plugins do not apply policies to such pods, and \
                 Kubernetes leaves the behavior undefined, so verdicts about them cannot be determined."
            }
            Code::PartialDump => {
                "The input looks like the output of `kubectl get all`, which leaves out Ingresses, NetworkPolicies, \
                 Gateways, ConfigMaps and more. What they allow or open cannot be determined. Ask for the kinds by name: \
                 `kubectl get all,ingress,networkpolicy,namespace -A -o yaml`."
            }
            Code::ConfigInvalid => {
                "The configuration file contains a key or a value that `check` does not know. `docs/config.md` lists \
                 them, and `docs/config.schema.json` lets an editor check them."
            }
            Code::LayoutFallback => {
                "The graph is too dense for the layout in the time that it may take. A plainer arrangement is drawn; it \
                 shows the same objects and connections. `-n`, `--focus` or `--overview always` give a smaller picture."
            }
            _ => return None,
        })
    }
}
