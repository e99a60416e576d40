//! What policies do about a workload, in words: the badges of its card and the lines of its tooltip.

use super::describe::{policy_text, some_of};
use super::{Access, Mark, Outside, Side, Stance};

impl Access {
    /// A line for each direction, with the policies that apply, and one for policies that are not evaluated.
    pub(super) fn lines(&self) -> Vec<String> {
        let side = |word: &str, side: &Side| {
            let stance = match side.stance {
                Stance::Open if !self.foreign.is_empty() => "not restricted by any policy that is evaluated",
                Stance::Open => "open: not restricted by any policy",
                Stance::Unenforced => "open: the network does not enforce policies",
                Stance::Unrestricted if !self.foreign.is_empty() => "evaluated policies let everything through",
                Stance::Unrestricted => "open: what policies say lets everything through",
                Stance::Ruled => "what no policy denies is allowed",
                Stance::Isolated => "what no rule allows is denied",
            };
            let by: Vec<String> = side.by.iter().map(policy_text).collect();
            std::iter::once(format!("{word}: {stance}")).chain(some_of("", &by)).collect::<Vec<String>>()
        };
        let foreign: Vec<String> = self.foreign.iter().map(|policy| policy_text(&policy.at)).collect();
        let mut lines = side("ingress", &self.ingress);
        lines.extend(side("egress", &self.egress));
        match self.outside {
            Outside::Unreached => {}
            Outside::Reached => lines.push("reached from outside".to_owned()),
            Outside::Blocked => lines.push("requests from outside are sent here, and policies deny them".to_owned()),
            Outside::Undetermined => {
                lines.push("whether it is reached from outside cannot be determined".to_owned());
            }
        }
        if self.no_dns {
            lines.push("policies let it ask no DNS: names of Services do not resolve".to_owned());
        }
        lines.extend(some_of("not evaluated: ", &foreign));
        lines.extend(self.unread.iter().map(|unread| format!("not read: {}", policy_text(&unread.at))));
        lines
    }

    /// The badges of the card: a mark and a word each.
    pub(super) fn badges(&self) -> Vec<(Mark, String)> {
        let mark = |side: &Side| match side.stance {
            Stance::Open | Stance::Unenforced | Stance::Unrestricted => Mark::Open,
            Stance::Ruled => Mark::Ruled,
            Stance::Isolated => Mark::Isolated,
        };
        let (ingress, egress) = (mark(&self.ingress), mark(&self.egress));
        let unenforced = |side: &Side| side.stance == Stance::Unenforced;
        let mut badges = if unenforced(&self.ingress) || unenforced(&self.egress) {
            vec![(Mark::Open, "policies not enforced".to_owned())]
        } else if ingress == egress {
            vec![(ingress, "in and out".to_owned())]
        } else {
            vec![(ingress, "in".to_owned()), (egress, "out".to_owned())]
        };
        // That nothing is denied is not known beside a policy that is not evaluated.
        badges.retain(|(mark, _)| self.foreign.is_empty() || *mark != Mark::Open);
        match self.outside {
            Outside::Unreached => {}
            Outside::Reached => badges.push((Mark::Exposed, "outside".to_owned())),
            Outside::Blocked => badges.push((Mark::Blocked, "outside".to_owned())),
            Outside::Undetermined => badges.push((Mark::Exposed, "outside?".to_owned())),
        }
        if self.no_dns {
            badges.push((Mark::NoNames, "no DNS".to_owned()));
        }
        let mut kinds: Vec<&str> = self.foreign.iter().map(|policy| policy.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        match (kinds.as_slice(), self.foreign.len()) {
            ([], _) => {}
            ([kind], 1) => badges.push((Mark::Unevaluated, (*kind).to_owned())),
            ([kind], n) => badges.push((Mark::Unevaluated, format!("{n} {kind}"))),
            (_, n) => badges.push((Mark::Unevaluated, format!("{n} policies"))),
        }
        badges.extend(self.unread.iter().map(|unread| (Mark::Unevaluated, unread.kind.clone())));
        badges
    }
}
