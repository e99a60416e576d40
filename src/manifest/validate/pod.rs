//! What the pods of a template must have.

use super::service::has_capitals;
use super::{Report, text};
use crate::diagnostic::Code;
use crate::manifest::hint::excerpt;
use crate::manifest::template;
use crate::manifest::tree::Tree;

/// The longest name of a port (IANA_SVC_NAME).
const LONGEST_PORT_NAME: usize = 15;

impl Report<'_> {
    /// Names and numbers of ports.
    pub(super) fn pod(&mut self, (path, pod): (&str, &Tree)) {
        let on_host = pod.get("hostNetwork").and_then(Tree::as_bool) == Some(true);
        for list in ["initContainers", "containers"] {
            for (c, container) in pod.get(list).map(Tree::items).unwrap_or_default().iter().enumerate() {
                let ports = container.get("ports").map(Tree::items).unwrap_or_default();
                let at = format!("{path}.{list}[{c}].ports");
                for (p, port) in ports.iter().enumerate() {
                    self.port_name(port, &format!("{at}[{p}]"));
                    if on_host {
                        self.host_port(port, &format!("{at}[{p}]"));
                    }
                }
                let name = |port: &Tree| text(port, "name").unwrap_or_default().to_owned();
                self.different(ports, &at, &name);
            }
        }
    }

    fn port_name(&mut self, port: &Tree, at: &str) {
        let Some((tree, name)) = port.get("name").and_then(|t| Some((t, t.as_str()?))) else { return };
        if name.chars().count() > LONGEST_PORT_NAME && !template::has(name) {
            let message = format!("{at}.name: `{}` is longer than {LONGEST_PORT_NAME} characters", excerpt(name));
            self.say(Code::FieldValue, tree.span, message);
        } else if has_capitals(name) {
            self.say(Code::FieldValue, tree.span, format!("{at}.name: `{}` has capital letters", excerpt(name)));
        }
    }

    /// In the network of its node a container has no other port there than its own.
    fn host_port(&mut self, port: &Tree, at: &str) {
        let number = |key: &str| port.get(key).and_then(Tree::as_i64).filter(|n| *n != 0);
        if let (Some(host), Some(own)) = (number("hostPort"), number("containerPort"))
            && host != own
        {
            let span = port.get("hostPort").map_or(port.span, |t| t.span);
            let message = format!("{at}.hostPort: must be {own}, the containerPort, since `hostNetwork` is true");
            self.say(Code::FieldValue, span, message);
        }
    }

    /// Containers of a template that is whole (it has labels, and the object a selector) need images.
    pub(super) fn images(&mut self, tree: &Tree) {
        let Some(spec) = tree.get("spec").filter(|s| s.get("selector").is_some()) else { return };
        let Some(template) = spec.get("template").filter(|t| t.at(&["metadata", "labels"]).is_some()) else { return };
        let containers = template.at(&["spec", "containers"]).map(Tree::items).unwrap_or_default();
        for (c, container) in containers.iter().enumerate().filter(|(_, c)| c.is_map()) {
            if container.get("image").is_none_or(Tree::is_null) {
                let message = format!("spec.template.spec.containers[{c}]: `image` is missing");
                self.say(Code::FieldMissing, container.span, message);
            }
        }
    }
}
