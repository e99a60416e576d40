//! Manifests in which every field that can be drawn is a text that tries to be markup, code or nonsense.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// What a text that runs leaves behind, as the browser knows it: `data-hostile` on the root of the document.
const RUN: &str = "document.documentElement.dataset.hostile=1";

/// Texts, each of another kind. `origin` is where those that load something load it from.
pub fn payloads(origin: &str) -> Vec<String> {
    let run = RUN;
    vec![
        format!("<script>{run}</script>"),
        format!("</title></text></desc></style></svg></script><script>{run}</script>"),
        format!("\"><img src=x onerror=\"{run}\">"),
        format!("' onmouseover='{run}' autofocus onfocus='{run}' x='"),
        format!("<svg onload={run}><animate onbegin={run}>"),
        format!("<iframe srcdoc=\"<script>parent.{run}</script>\"></iframe>"),
        format!("<img src=\"{origin}/img\"><link rel=stylesheet href=\"{origin}/css\">"),
        format!("url({origin}/url);}}*{{background:url({origin}/rule)}}@import '{origin}/import'"),
        format!("javascript:{run}"),
        format!("data:text/html,<script>{run}</script>"),
        "]]><![CDATA[<b> --><!-- -- --->".to_owned(),
        "{{ 7*7 }}{% raw %}{# #}${7*7}<%= 7*7 %>".to_owned(),
        "a\"]; evil [label=<<b>x</b>>, URL=\"javascript:1\"]; \"b\\N\\".to_owned(),
        format!("x\"]:::y --> evil\nclick evil \"javascript:{run}\"\n%%{{init: {{\"securityLevel\":\"loose\"}}}}%%"),
        format!("x: |md <b>x</b>| {{link: javascript:{run}}}; ${{y}}; ...@evil"),
        "\u{202e}gnp.exe\u{202c} \u{2066}x\u{2069} \u{200f}".to_owned(),
        "\u{1}\u{8}\u{1b}[31mred\u{7f}\u{85}\u{9b}2J".to_owned(),
        "line\nbreak\r\nand\ttab\n::error::forged\n##[error]forged\n---".to_owned(),
        "a|b||c \\| d,\"quoted\",=1+1".to_owned(),
        "<b>bold</b> &lt;b&gt; &amp; &#65; &nosuch; <!ENTITY x \"y\">".to_owned(),
        format!("```\n</details><script>{run}</script>\n```mermaid"),
        format!("[link](javascript:{run}) ![img]({origin}/md) <{origin}/auto> @everyone #1 `x` *y*"),
        format!("style=;html=1;image={origin}/drawio;link=javascript:{run};%label%"),
        format!("\\u003cscript>{run}</script>\u{2028}*/{run}//'-\"-`-${{{run}}}"),
        "שלום عليكم 你好 🎉 e\u{301}".to_owned(),
    ]
}

/// Objects of every kind that is read, whose texts are this one, in a namespace that is named by it.
fn objects(t: &str, other: &str) -> Vec<Value> {
    let meta = json!({
        "name": t, "namespace": t,
        "labels": {"app": t, t: t, "app.kubernetes.io/name": t},
        "annotations": {t: t, "kubesketch.dev/ignore-service-port-mismatch": t, "kubernetes.io/ingress.class": t, "meta.helm.sh/release-name": t},
    });
    let named = |suffix: &str| {
        let mut meta = meta.clone();
        meta["name"] = format!("{t}{suffix}").into();
        meta
    };
    let pod = json!({
        "metadata": {"labels": {"app": t, t: t}, "annotations": {t: t}},
        "spec": {
            "serviceAccountName": t,
            "nodeName": t,
            "imagePullSecrets": [{"name": t}],
            "containers": [{
                "name": t, "image": other, "command": [t], "args": [t, format!("--url=http://api.calls.svc:80/{t}")],
                "ports": [{"name": t, "containerPort": 8080}],
                "env": [
                    {"name": "API_URL", "value": format!("http://api.calls.svc.cluster.local:80/{t}")},
                    {"name": format!("{t}_HOST"), "value": format!("nobody-{}", t.len())},
                    {"name": t, "value": t},
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": t, "key": t}}},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": t, "key": t, "optional": true}}},
                ],
                "envFrom": [{"configMapRef": {"name": t}}, {"secretRef": {"name": other}}],
                "volumeMounts": [{"name": t, "mountPath": t}],
            }],
            "volumes": [
                {"name": t, "configMap": {"name": t}},
                {"name": "s", "secret": {"secretName": t}},
                {"name": "c", "persistentVolumeClaim": {"claimName": t}},
            ],
        },
    });
    let backend = json!({"service": {"name": t, "port": {"name": t}}});
    let peer = json!({"namespaceSelector": {"matchLabels": {t: other}}, "podSelector": {"matchExpressions": [{"key": t, "operator": "In", "values": [t, other]}]}});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": t, "labels": {t: t}}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": t}}, "template": pod}}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": named("-set"),
            "spec": {"serviceName": t, "selector": {"matchLabels": {"app": other}}, "template": pod, "volumeClaimTemplates": [{"metadata": {"name": t}}]}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": named("-cron"), "spec": {"schedule": t, "jobTemplate": {"spec": {"template": pod}}}}),
        json!({"apiVersion": format!("{t}/v1"), "kind": format!("Kind{t}"), "metadata": named("-own"), "spec": {"template": pod}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta,
            "spec": {"selector": {"app": t}, "ports": [{"name": t, "port": 80, "targetPort": t}, {"name": other, "port": 81, "targetPort": 8080}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": named("-lb"),
            "spec": {"type": "LoadBalancer", "selector": {"app": t}, "ports": [{"name": t, "port": 443, "targetPort": 8080}],
                "loadBalancerSourceRanges": ["192.0.2.0/24", t], "externalIPs": [t]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": named("-out"), "spec": {"type": "ExternalName", "externalName": t}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
        "spec": {"ingressClassName": t, "defaultBackend": {"resource": {"apiGroup": t, "kind": t, "name": t}},
            "tls": [{"hosts": [t, other], "secretName": t}],
            "rules": [
                {"host": t, "http": {"paths": [{"path": t, "pathType": "Prefix", "backend": backend}, {"path": "/b", "pathType": t, "backend": backend}]}},
                {"host": other, "http": {"paths": [{"backend": {"service": {"name": format!("{other}!"), "port": {"number": 80}}}}]}},
            ]}}),
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": meta,
            "spec": {"gatewayClassName": t, "listeners": [{"name": t, "hostname": t, "protocol": "HTTPS", "port": 443,
                "tls": {"certificateRefs": [{"name": t}]}, "allowedRoutes": {"namespaces": {"from": "All"}}}]}}),
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": meta,
            "spec": {"hostnames": [t], "parentRefs": [{"name": t}, {"name": other, "sectionName": t}],
                "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": t}, "headers": [{"name": t, "value": t}]}],
                    "backendRefs": [{"name": t, "port": 80}, {"name": other, "port": 80}]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": meta,
            "spec": {"selector": {"app": t}, "servers": [{"port": {"number": 443, "name": t, "protocol": "HTTPS"}, "hosts": [t, other], "tls": {"mode": "SIMPLE", "credentialName": t}}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta,
            "spec": {"hosts": [t, other], "gateways": [t, "mesh", other],
                "http": [{"match": [{"uri": {"prefix": t}, "headers": {t: {"exact": t}}}], "route": [{"destination": {"host": t, "subset": t}}, {"destination": {"host": other}}],
                    "delegate": {"name": other, "namespace": t}, "mirror": {"host": t}}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": meta, "spec": {"hosts": [t, other]}}),
        json!({"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": meta,
            "spec": {"routes": [{"match": t, "services": [{"name": t, "port": t}]}, {"match": format!("Host(`{t}`) && PathPrefix(`{t}`)"), "services": [{"name": other, "kind": "TraefikService"}]}],
                "tls": {"secretName": t}}}),
        json!({"apiVersion": "traefik.io/v1alpha1", "kind": "TraefikService", "metadata": named("-split"), "spec": {"weighted": {"services": [{"name": t, "port": 80}]}}}),
        json!({"apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": meta,
            "spec": {"virtualhost": {"fqdn": t, "tls": {"secretName": t}, "ipDenyPolicy": [{"cidr": t}]}, "includes": [{"name": other, "conditions": [{"prefix": t}]}],
                "routes": [{"conditions": [{"prefix": t}, {"header": {"name": t, "exact": t}}], "services": [{"name": t, "port": 80}]}]}}),
        json!({"apiVersion": "k8s.nginx.org/v1", "kind": "VirtualServer", "metadata": meta,
            "spec": {"host": t, "tls": {"secret": t}, "upstreams": [{"name": t, "service": t, "port": 80}], "routes": [{"path": t, "action": {"pass": t}}, {"path": other, "route": t}]}}),
        json!({"apiVersion": "k8s.nginx.org/v1", "kind": "TransportServer", "metadata": meta,
            "spec": {"host": t, "listener": {"name": t, "protocol": t}, "upstreams": [{"name": t, "service": other, "port": 80}], "action": {"pass": t}}}),
        json!({"apiVersion": "configuration.konghq.com/v1beta1", "kind": "TCPIngress", "metadata": meta,
            "spec": {"rules": [{"host": t, "port": 9000, "backend": {"serviceName": t, "servicePort": 80}}], "tls": [{"hosts": [t], "secretName": t}]}}),
        json!({"apiVersion": "getambassador.io/v3alpha1", "kind": "Mapping", "metadata": meta, "spec": {"hostname": t, "prefix": t, "method": t, "service": t}}),
        json!({"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute", "metadata": meta,
            "spec": {"http": [{"match": {"hosts": [t], "paths": [t], "methods": [t]}, "backends": [{"serviceName": t, "servicePort": 80}, {"serviceName": other, "servicePort": t}]}]}}),
        json!({"apiVersion": "networking.gke.io/v1", "kind": "MultiClusterIngress", "metadata": meta,
            "spec": {"template": {"spec": {"backend": {"serviceName": t, "servicePort": 80}, "rules": [{"host": t, "http": {"paths": [{"path": t, "backend": {"serviceName": other, "servicePort": 80}}]}}]}}}}),
        json!({"apiVersion": "serving.knative.dev/v1", "kind": "DomainMapping", "metadata": meta, "spec": {"ref": {"kind": t, "name": t, "apiVersion": t}}}),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": named("-hooks"),
            "webhooks": [{"name": t, "clientConfig": {"service": {"name": t, "namespace": t, "path": t, "port": 80}}}]}),
        json!({"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": meta,
            "spec": {"host": t, "path": t, "to": {"kind": "Service", "name": t}, "port": {"targetPort": t}}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta,
            "spec": {"podSelector": {"matchLabels": {"app": t}}, "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [peer, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, {"podSelector": {"matchLabels": {"app": other}}}],
                    "ports": [{"port": t, "protocol": "TCP"}, {"port": 8080}]}],
                "egress": [{"to": [peer]}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": named("-odd"),
            "spec": {"podSelector": {"matchLabels": {t: t}}, "ingress": [{"from": [{"ipBlock": {"cidr": t, "except": [t]}}], "ports": [{"port": 1, "protocol": t}]}]}}),
        json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": named("-admin"),
            "spec": {"priority": 7, "subject": {"namespaces": {"matchLabels": {t: t}}},
                "ingress": [{"name": t, "action": "Deny", "from": [{"pods": {"namespaceSelector": {"matchLabels": {t: t}}, "podSelector": {"matchLabels": {"app": t}}}}]}],
                "egress": [{"name": t, "action": "Allow", "to": [{"networks": ["192.0.2.0/24"]}], "ports": [{"namedPort": t}]}]}}),
        json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": meta, "spec": {
            "endpointSelector": {"matchLabels": {"app": t}},
            "ingress": [{"fromEndpoints": [{"matchLabels": {"app": t}}],
                "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{"method": t, "path": t, "headers": [t]}]}}]}],
            "egress": [{"toFQDNs": [{"matchName": t}, {"matchPattern": t}]}, {"toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}], "serverNames": [t]}]}]}}),
        json!({"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": named("-wide"),
            "spec": {"endpointSelector": {}, "egress": [{"toServices": [{"k8sService": {"serviceName": t, "namespace": t}}]}]}}),
        json!({"apiVersion": "cilium.io/v2", "kind": "CiliumCIDRGroup", "metadata": named("-cidr"), "spec": {"externalCIDRs": [t]}}),
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta,
            "spec": {"minReplicas": 1, "maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": t}}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {t: t, "app.properties": format!("db.url=http://api.calls:80/{t}")}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": t, "stringData": {t: t}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": {"storageClassName": t, "accessModes": [t]}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}),
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": named("-lb"), "subsets": [{"addresses": [{"ip": t, "hostname": t}], "ports": [{"name": t, "port": 1}]}]}),
        json!({"apiVersion": "v1", "kind": t, "metadata": named("-kind")}),
    ]
}

/// What hostile objects call, and an object that is as it should be.
fn plain() -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "calls"},
            "spec": {"selector": {"app": "api"}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "calls"},
            "spec": {"selector": {"matchLabels": {"app": "api"}}, "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api"}]}}}}),
    ]
}

/// A file name that is as hostile as a file system takes it.
fn file_name(text: &str) -> String {
    let mut name: String = text.replace(['/', '\0'], "");
    while name.len() > 200 {
        name.pop();
    }
    format!("{name}.yaml")
}

/// Writes manifests for these texts below a folder, a file for each that is named by it too, and gives the folder.
pub fn write(folder: &Path, texts: &[String], others: &[String]) -> PathBuf {
    if folder.exists() {
        std::fs::remove_dir_all(folder).unwrap();
    }
    std::fs::create_dir_all(folder).unwrap();
    let save = |name: &str, objects: Vec<Value>| {
        // JSON is YAML, and quotes everything but controls that only YAML refuses.
        let escaped = |c: char| if c.is_control() { format!("\\u{:04x}", c as u32) } else { c.to_string() };
        let documents: Vec<String> = objects.iter().map(|o| o.to_string().chars().map(escaped).collect()).collect();
        std::fs::write(folder.join(name), documents.join("\n---\n")).unwrap();
    };
    for (text, other) in texts.iter().zip(others) {
        save(&file_name(text), objects(text, other));
    }
    save("plain.yaml", plain());
    // Not even YAML, and a template that nobody rendered.
    let broken = format!("kind: {{{{ {} }}}}\n---\n\"{}\n", texts[0], texts[0]);
    std::fs::write(folder.join(file_name(&format!("broken {}", texts[0]))), broken).unwrap();
    folder.to_owned()
}
