//! How many may lose their access at once.

use super::{Action, Changes};

/// The most that one run takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// So many users.
    pub users: usize,
    /// So many of a hundred users that were made here.
    pub percent: usize,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            users: 10,
            percent: 5,
        }
    }
}

/// More would lose their access than the guard lets pass: somebody should look why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{losing} of the {managed} users that were made here would be deleted or disabled, which is more \
     than {users} users or {percent} percent; nothing is changed. Look at the plan, and if it is right, \
     say --yes-delete"
)]
pub struct TooMany {
    losing: usize,
    managed: usize,
    users: usize,
    percent: usize,
}

impl Guard {
    /// Lets the changes pass, or none of them.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn judge(self, changes: &Changes) -> Result<(), TooMany> {
        let losing = changes.count(Action::Delete) + changes.count(Action::Disable);
        let managed = changes.managed;
        let most = managed.saturating_mul(self.percent);
        if losing <= self.users && losing.saturating_mul(100) <= most {
            return Ok(());
        }
        Err(TooMany {
            losing,
            managed,
            users: self.users,
            percent: self.percent,
        })
    }
}
