//! What is broken or open before it is deployed: findings, each with its place, the nearest right thing and what to do.
//!
//! Guarantees:
//! * every finding is of a kind that [`rules`] tells of, with an explanation, an example that has it and a near miss
//!   that has not;
//! * rules look at the inventory, the graph and what policies allow, never at text (comments that suppress findings are
//!   no rules);
//! * partial input is normal: where the input may be a part of what will be there ([`Completeness::Partial`]), a
//!   reference to something that it does not hold counts for one step less, and the finding says so;
//! * what somebody has accepted ([`suppressions`]) or what was there already ([`Baseline`]) is found all the same, and
//!   `judge` says that it does not count;
//! * findings are sorted by place, and the same input gives the same ones.

mod backends;
mod baseline;
mod calls;
mod exposure;
mod fingerprint;
mod ingress;
mod issuers;
mod judge;
mod nearest;
mod noticed;
mod objects;
mod policies;
mod policy_others;
mod policy_peers;
mod policy_ports;
mod probes;
mod reach;
mod readiness;
mod registry;
mod routes;
mod scene;
mod selection;
mod separate;
mod services;
mod suppress;
mod webhooks;

pub use baseline::{Baseline, BaselineError, KnownFinding, baseline};
pub use judge::{Judged, Judgement, Standing, Terms, judge};
pub use nearest::name as nearest_name;
pub use registry::{Rule, rule, rules};
pub use scene::Completeness;
pub use suppress::{Suppressions, suppressions, unsuppressed};

use crate::diagnostic::Diagnostic;
use crate::net::ObjectKey;
use crate::world::World;

use scene::Scene;

/// How it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the input is all that will be there. `None` finds out: a namespace that the input does not declare may
    /// hold more.
    pub completeness: Option<Completeness>,
}

/// Something to know about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What, where, and what to do.
    pub diagnostic: Diagnostic,
    /// The object that it is about.
    pub about: Option<ObjectKey>,
}

/// Everything that is found, by place.
pub fn check(world: &World, options: &Options) -> Vec<Finding> {
    let mut scene = Scene::new(world, options);
    services::check(&mut scene);
    backends::check(&mut scene);
    ingress::check(&mut scene);
    issuers::check(&mut scene);
    policies::check(&mut scene);
    policy_others::check(&mut scene);
    policy_peers::check(&mut scene);
    policy_ports::check(&mut scene);
    reach::check(&mut scene);
    readiness::check(&mut scene);
    calls::check(&mut scene);
    exposure::check(&mut scene);
    objects::check(&mut scene);
    probes::check(&mut scene);
    routes::check(&mut scene);
    webhooks::check(&mut scene);
    scene.finish()
}
