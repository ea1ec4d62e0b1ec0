//! What Entra must be told of us, and whether it has been: federation, its state, and the rollover of the
//! signing certificate.
//!
//! [`Wanted`] is the one place where the configuration becomes Entra's properties. [`Federation`] says
//! what Entra would refuse, before anybody asks it for that; [`script`] writes the same for PowerShell.
//! [`Status`] compares what Entra has with what we serve. [`rollover`] walks a certificate change in
//! steps of which none can lock people out.
//!
//! This room is no part of the simulated Entra, which is [`crate::entra`], and shares nothing with it.

mod federation;
mod objection;
mod powershell;
pub mod rollover;
mod status;
mod wanted;

pub use federation::{Federation, Proposal};
pub use objection::{Objection, objections, objections_of_entra};
pub use powershell::script;
pub use status::{DomainStatus, Field, Status};
pub use wanted::Wanted;

use crate::microsoft_graph::Cloud;

/// How our domains are federated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Where their tenant is.
    pub cloud: Cloud,
    /// By which protocol Entra asks.
    pub protocol: Protocol,
    /// The brand on Entra's pages; the domain where there is none.
    pub display_name: Option<String>,
    /// What becomes of a second factor of ours.
    pub mfa: MfaBehavior,
}

/// By which protocol Entra asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// SAML 2.0.
    #[default]
    Saml2,
    /// WS-Federation, with WS-Trust beside it where that is switched on.
    WsFederation,
}

/// `federatedIdpMfaBehavior`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MfaBehavior {
    /// Entra asks for a second factor itself.
    #[default]
    Reject,
    /// Ours counts, and where there was none Entra asks itself.
    Accept,
    /// Ours counts, and where there was none people are sent here again.
    Enforce,
}

impl Protocol {
    /// As Graph writes it.
    pub fn graph_name(self) -> &'static str {
        match self {
            Self::Saml2 => "saml",
            Self::WsFederation => "wsFed",
        }
    }
}

impl MfaBehavior {
    /// As Graph writes it.
    pub fn graph_name(self) -> &'static str {
        match self {
            Self::Reject => "rejectMfaByFederatedIdp",
            Self::Accept => "acceptIfMfaDoneByFederatedIdp",
            Self::Enforce => "enforceMfaByFederatedIdp",
        }
    }
}

#[cfg(test)]
mod tests;
