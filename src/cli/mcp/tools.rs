//! The tools: names, descriptions, arguments.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::answers::{Desk, Question};
use super::bounded::Reply;

/// A tool.
pub struct ToolSpec {
    /// The name.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What it answers, and when to use it.
    pub description: &'static str,
    /// Its arguments.
    arguments: &'static [&'static str],
    /// Those that a call must have.
    required: &'static [&'static str],
    answer: fn(&Desk, &Question) -> Result<Reply>,
}

/// All tools, in the order in which they are listed.
pub const TOOLS: &[ToolSpec] = &[
    ToolSpec {
        name: "why",
        title: "May FROM connect to TO?",
        description: "The verdict on one connection in Kubernetes manifests (allowed, denied, partly, undetermined), with every \
                      Service, route and policy that decides, by file and line. For `can the Internet reach the database?` \
                      take from=internet. `undetermined` means that the manifests do not say it.",
        arguments: &["from", "to", "path", "unit", "namespace"],
        required: &["from", "to"],
        answer: Desk::why,
    },
    ToolSpec {
        name: "exposure",
        title: "What is reachable from outside?",
        description: "Workloads that requests from outside of the cluster reach, through which entry points, on which ports.",
        arguments: &["path", "unit", "namespace", "contains", "all"],
        required: &[],
        answer: Desk::exposure,
    },
    ToolSpec {
        name: "connections",
        title: "Who may connect to whom?",
        description: "Allowed connections between workloads, addresses and entry points, with ports and the rules that decide.",
        arguments: &["path", "unit", "namespace", "contains", "all"],
        required: &[],
        answer: Desk::connections,
    },
    ToolSpec {
        name: "check",
        title: "What is wrong?",
        description: "Mistakes and unintended exposure in the manifests, each with its code, file and line.",
        arguments: &["path", "unit", "namespace", "code", "contains"],
        required: &[],
        answer: Desk::check,
    },
    ToolSpec {
        name: "diff",
        title: "What does a change open or close?",
        description: "Differences in reachability, exposure and findings between two states: `base`, a git revision (main, HEAD, \
                      main...HEAD), against the files as they are, or `old` and `new`, two paths.",
        arguments: &["base", "path", "old", "new", "unit", "namespace"],
        required: &[],
        answer: Desk::diff,
    },
    ToolSpec {
        name: "draw",
        title: "Draw what can reach what",
        description: "A picture of the manifests: Internet, Ingress, Service, workload, and what policies allow. Mermaid by \
                      default, which Markdown shows; png is an image to look at.",
        arguments: &["path", "unit", "namespace", "focus", "depth", "view", "format"],
        required: &[],
        answer: Desk::draw,
    },
];

/// The schema of an argument.
fn argument(name: &str) -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let texts = |about: &str| json!({ "type": "array", "items": { "type": "string" }, "description": about });
    match name {
        "from" => text("Source: internet, a workload as shop/web or deploy/web, a DNS name, an address or block"),
        "to" => text("Target, with a port if one is meant: shop/db:5432, svc/web, internet:443, 10.0.0.7:80/udp"),
        "path" => text("A file or folder below the paths of this server; without it, all of them"),
        "unit" => {
            texts("Units of deployment to render, by name, path or pattern (prod/*), as `kubesketch units` lists them")
        }
        "namespace" => text("The namespace of objects without one; draw shows only this namespace"),
        "contains" => text("Only rows or findings in which this text occurs, as a part of a name"),
        "all" => {
            json!({ "type": "boolean", "description": "Also connections that no policy restricts, and denied ones" })
        }
        "code" => texts("Only findings of these codes"),
        "focus" => texts("Only these objects and their surroundings, as shop/web or internet"),
        "depth" => {
            json!({ "type": "integer", "minimum": 0, "maximum": 100, "description": "Steps around `focus`, by default 1" })
        }
        "view" => json!({ "type": "string", "enum": ["network", "exposure", "policy", "resources"] }),
        "format" => json!({ "type": "string", "enum": ["mermaid", "d2", "svg", "png"] }),
        "base" => text("A git revision of the repository around `path`: main, HEAD~1, main...HEAD"),
        "old" => text("The path of the old state"),
        "new" => text("The path of the new state"),
        _ => json!({}),
    }
}

impl ToolSpec {
    /// The JSON Schema of the arguments.
    pub fn schema(&self) -> Map<String, Value> {
        let arguments: Map<String, Value> = self.arguments.iter().map(|a| ((*a).to_owned(), argument(a))).collect();
        let schema = [
            ("type", json!("object")),
            ("properties", arguments.into()),
            ("required", json!(self.required)),
            ("additionalProperties", json!(false)),
        ];
        schema.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The answer to a call.
    ///
    /// # Errors
    ///
    /// If the arguments are not those of the tool, or the question cannot be answered.
    pub fn answer(&self, desk: &Desk, given: Map<String, Value>) -> Result<Reply> {
        if let Some(unknown) = given.keys().find(|key| !self.arguments.contains(&key.as_str())) {
            bail!("{} has no argument `{unknown}`; it has {}", self.name, self.arguments.join(", "));
        }
        if let Some(missing) = self.required.iter().find(|key| !given.contains_key(**key)) {
            bail!("{} needs the argument `{missing}`", self.name);
        }
        let given = given.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let question: Question = serde_json::from_value(Value::Object(given))?;
        (self.answer)(desk, &question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_is_described() {
        for tool in TOOLS {
            for name in tool.arguments {
                assert_ne!(argument(name), json!({}), "{name}");
            }
            assert!(tool.required.iter().all(|name| tool.arguments.contains(name)));
        }
    }
}
