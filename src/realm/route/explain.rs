use std::fmt;

use crate::directory::Dn;

use super::{Arriving, Route, Routes};

/// A route that was looked at, for somebody who wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// The route.
    pub route: &'a Route,
    /// Why it was not taken, if it was not.
    pub outcome: Result<(), Unfit>,
}

/// Why a route is not somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is for other names, or hints.
    AnotherName,
    /// It is for other networks.
    AnotherNetwork,
    /// It asks for a group, which is looked at once she has proven who she is.
    ProofFirst,
    /// She is in none of its groups.
    NoMember,
}

impl Routes {
    /// The routes up to the one that [`Self::of`] takes, or with `member_of` [`Self::of_member`].
    pub fn explain(&self, arriving: Arriving<'_>, member_of: Option<&[Dn]>) -> Vec<Tried<'_>> {
        let mut tried = Vec::new();
        for route in self.iter() {
            let outcome = route.when.fit(arriving, member_of);
            tried.push(Tried { route, outcome });
            if outcome.is_ok() {
                break;
            }
        }
        tried
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AnotherName => "for other names",
            Self::AnotherNetwork => "for other networks",
            Self::ProofFirst => "for members of a group, looked at after the proof",
            Self::NoMember => "for members of other groups",
        })
    }
}
