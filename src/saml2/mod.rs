//! SAML 2.0 messages: parse what comes in, build what goes out, metadata.
//!
//! Pure: no I/O, no users, no clock of its own. What Entra asks of an identity provider ("SP-Lite") decides what
//! is here; the rest of SAML is refused with the status the specification gives for it.
//!
//! An [`AuthnRequest`] can only be had from [`ReceivedRequest::authenticate`], which checks the
//! signature that the relying party's trust demands. Every field is then read from the element
//! that was verified, never from the document around it. So it is with a [`LogoutRequest`], which
//! must be signed besides, unless its trust says otherwise.

mod authn_context;
mod authn_request;
mod binding;
mod entity_metadata;
mod inflate;
mod logout;
mod metadata;
mod names;
mod received;
mod redirect;
mod redirect_signature;
mod response;
mod service_provider;
mod status;
mod timestamp;

#[cfg(test)]
mod tests;

pub use authn_context::{AuthnContextClass, Comparison, RequestedAuthnContext};
pub use authn_request::{AuthnRequest, RequestError, RequestedConsumer};
pub use binding::{BindingError, Carried, MAX_RELAY_STATE, ReceivedRequest, ReceivedResponse};
pub use entity_metadata::{
    EncryptionKey, EntityMetadata, EntityMetadataError, IdentityProviderMetadata, LARGEST_METADATA,
    MetadataTrust, NoCommonAlgorithm, RelyingPartyMetadata, Validity,
};
pub use logout::{
    LogoutAnswer, LogoutRequest, LogoutResponse, NamedPerson, OutgoingLogoutRequest,
    OutgoingLogoutResponse,
};
pub use metadata::{
    Endpoints, MetadataError, identity_provider_metadata, write_certificates,
    write_identity_provider,
};
pub use names::{BINDING_POST, BINDING_REDIRECT, NAMEID_PERSISTENT, TOKEN_TYPE};
pub use redirect::redirect_url;
pub(crate) use response::id_of;
pub use response::{Assertion, ErrorResponse, Id, SuccessResponse, new_id};
#[cfg(test)]
pub(crate) use service_provider::test_identity_provider;
pub use service_provider::{
    AnswerError, ExpectedAnswer, NamedAttribute, OutgoingAuthnRequest, ProvenSubject, Refusal,
    ServiceProvider, service_provider_metadata,
};
pub use status::Status;
pub use timestamp::{Timestamp, format_timestamp, parse_timestamp};
