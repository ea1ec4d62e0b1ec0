//! Bringing the planned guests into Entra through Microsoft Graph, where no Entra Connect does.
//!
//! What the tenant holds is read by a delta query ([`Held`]) and compared with the plan ([`Changes`]).
//! Only guests that this room has made are ever changed or deleted: they carry [`MARK`] as their
//! `employeeType`, have a UPN in a domain that is federated with this identity provider, and belong to no
//! other sync. Members are never touched. A [`Guard`] bounds how many may lose their access at once, and
//! [`carry_out`] does the changes one by one: what fails is told, and the next run finds it again, so that
//! a run may end anywhere.

mod changes;
mod guard;
mod held;
mod run;
mod table;
#[cfg(test)]
mod tests;

pub use changes::{Action, Change, Changes, LeftOut, MARK};
pub use guard::{Guard, TooMany};
pub use held::{Held, HeldUser};
pub use run::{Failure, Run, carry_out};
pub use table::table;
