//! What a Job or a CronJob must have.

use super::{Report, text};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::template;
use crate::manifest::tree::Tree;

impl Report<'_> {
    /// A CronJob has a schedule; one without a policy for restarts as well is a patch of another.
    pub(super) fn cron_job(&mut self, tree: &Tree) {
        let Some(spec) = tree.get("spec") else { return };
        let job = spec.at(&["jobTemplate", "spec"]);
        if spec.get("schedule").is_some() {
            self.restarts(job, "spec.jobTemplate.spec");
        } else if job.and_then(|j| j.at(&["template", "spec", "restartPolicy"])).is_some() {
            self.say(Code::FieldMissing, spec.span, "spec: `schedule` is missing".to_owned());
        }
    }

    /// The pods of a Job are not restarted for ever, which is what pods are by default
    /// (<https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template>). A template of which the
    /// containers have nothing but a name and an image may be a patch of another.
    pub(super) fn restarts(&mut self, job: Option<&Tree>, path: &str) {
        let Some(pod) = job.and_then(|j| j.at(&["template", "spec"])) else { return };
        let containers = pod.get("containers").map(Tree::items).unwrap_or_default();
        let is_whole = |c: &Tree| c.get("image").is_some() && c.entries().len() > 2;
        if containers.is_empty() || !containers.iter().all(is_whole) {
            return;
        }
        let (at, found) = match pod.get("restartPolicy") {
            None => (pod.span, "is missing, which means Always".to_owned()),
            Some(tree) => match text(pod, "restartPolicy") {
                Some("OnFailure" | "Never") | None => return,
                Some(word) if template::has(word) => return,
                Some("Always") => (tree.span, "is Always".to_owned()),
                Some(_) => return,
            },
        };
        let message = format!("{path}.template.spec: `restartPolicy` {found}; a Job takes OnFailure or Never");
        self.problems.push(Diagnostic::at(Code::FieldValue, at, message).with_help("set `restartPolicy: Never`"));
    }
}
