//! `-n`, `-A` and `-l` of commands that print lists: which rows are listed. Answers are about all objects.

use super::input::InputArgs;
use crate::check::Finding;
use crate::net::ObjectKey;
use crate::view::{self, LabelSelector, NothingSelected, Selection};
use crate::world::{Scope, World};

/// Arguments that select by labels.
#[derive(clap::Args, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub struct LabelArgs {
    /// Show only objects with these labels, as in kubectl
    ///
    /// Requirements separated by commas: key=value, key!=value, `key in (a,b)`, `key notin (a,b)`, key, !key. Pod
    /// labels count for the workload, and the selector of a Service for the Service.
    #[arg(short = 'l', long = "selector", value_name = "SELECTOR")]
    labels: Option<LabelSelector>,
}

impl LabelArgs {
    /// The selector.
    pub fn selector(&self) -> Option<&LabelSelector> {
        self.labels.as_ref()
    }

    /// The objects whose rows are listed; `None` for all.
    ///
    /// # Errors
    ///
    /// If there is no such object; the error lists the namespaces and kinds that there are.
    pub fn scope(&self, input: &InputArgs, world: &World) -> Result<Option<Scope>, NothingSelected> {
        let namespace = input.shown_namespace();
        if namespace.is_none() && self.labels.is_none() {
            return Ok(None);
        }
        let fits = |sets: &[_]| self.labels.as_ref().is_none_or(|wanted| wanted.matches(sets));
        let scope = Scope::new(world, namespace, fits);
        if scope.is_empty() {
            let selection = Selection {
                namespaces: namespace.map(str::to_owned).into_iter().collect(),
                labels: self.labels.clone(),
                ..Selection::default()
            };
            view::select(world.graph().clone(), &world.labels(), &selection)?;
        }
        Ok(Some(scope))
    }

    /// The options as they are written on a command line.
    pub fn written(&self, input: &InputArgs) -> String {
        let namespace = input.shown_namespace().map(|name| format!("-n {name}"));
        let labels = self.labels.as_ref().map(|labels| format!("-l {}", labels.as_str()));
        namespace.into_iter().chain(labels).collect::<Vec<_>>().join(" ")
    }
}

/// Whether a finding is listed: it is about an object of the scope, or about no object.
pub fn lists(scope: &Scope, finding: &Finding, world: &World) -> bool {
    let at = || finding.diagnostic.at.and_then(|at| world.object_at(at));
    finding.about.as_ref().or_else(at).is_none_or(|object: &ObjectKey| scope.has(object))
}
