use time::OffsetDateTime;

use crate::{
    trust::{NameIdFormat, RequestSignatures},
    xml::{Element, SignatureError},
};

use super::{
    ReceivedRequest, RequestedAuthnContext, Status,
    names::{ASSERTION, BINDING_POST, PROTOCOL},
    received::{id, only},
    timestamp::parse_timestamp,
};

/// A request for authentication (SAML core 3.4.1), its signature checked as its trust demands.
#[derive(Clone, Debug)]
pub struct AuthnRequest {
    /// `ID`: what the answer's `InResponseTo` names.
    pub id: String,
    /// `Issuer`: the relying party's entity ID.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: OffsetDateTime,
    /// The address it was meant for, where it says so; must be ours.
    pub destination: Option<String>,
    /// Where it wants the answer.
    pub consumer: RequestedConsumer,
    /// `ForceAuthn`: a live session does not count.
    pub force_authn: bool,
    /// `IsPassive`: nobody may be asked anything.
    pub is_passive: bool,
    /// What it asks of the authentication.
    pub authn_context: Option<RequestedAuthnContext>,
    /// `Subject/NameID`: whom it wants an assertion about, and about nobody else (profiles 4.1.4.1).
    pub subject: Option<String>,
    subject_is_opaque: bool,
    unsupported: Option<Status>,
    name_id_policy: NameIdPolicy,
}

/// What a `NameIDPolicy` (SAML core 3.4.1.1) wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameIdPolicy {
    /// Any name that is for the asking relying party.
    Any,
    /// One of this format.
    Of(NameIdFormat),
    /// What is not issued at all: another format, or a name for somebody else.
    Other,
}

/// How a request names the address for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedConsumer {
    /// Not at all: the trust's default. Entra's own requests are so.
    Default,
    /// `AssertionConsumerServiceIndex`.
    Index(u16),
    /// `AssertionConsumerServiceURL`.
    Url(String),
}

/// Why a message is no request that we answer, or no answer to one of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The root element is something else.
    #[error("the message is not a SAML 2.0 AuthnRequest")]
    NotAuthnRequest,
    /// The root element is neither of the two that end sessions.
    #[error("the message is not the LogoutRequest or LogoutResponse that it should be")]
    NotLogout,
    /// A required part is missing, repeated or out of shape.
    #[error("{0} is missing or out of shape")]
    Malformed(&'static str),
    /// `Version` is not 2.0.
    #[error("the version is not 2.0")]
    Version,
    /// The trust demands a signature and there is none.
    #[error("this relying party must sign its requests, and this one is not signed")]
    Unsigned,
    /// There is nothing to verify a signature by, and the trust does not say that it may be so.
    #[error("this relying party has no request_certificates, and no permit_unsigned_logout")]
    NoKeys,
    /// The enveloped signature does not hold.
    #[error("the request's signature is refused: {0}")]
    Signature(#[from] SignatureError),
    /// The query names a signature algorithm that is not permitted.
    #[error("the query's SigAlg is not permitted for this relying party")]
    RedirectAlgorithm,
    /// The query's signature fits none of the relying party's keys.
    #[error("the query's signature does not hold")]
    RedirectSignature,
}

impl ReceivedRequest {
    /// Checks the signature as `signatures` demands, then reads the request from what was
    /// verified.
    pub fn authenticate(
        self,
        signatures: &RequestSignatures,
    ) -> Result<AuthnRequest, RequestError> {
        let message = self.0;
        if !message.root.is(PROTOCOL, "AuthnRequest") {
            return Err(RequestError::NotAuthnRequest);
        }
        match signatures {
            RequestSignatures::NotVerified => AuthnRequest::read(&message.root),
            RequestSignatures::WhenPresent(_) if !message.is_signed() => {
                AuthnRequest::read(&message.root)
            }
            RequestSignatures::WhenPresent(keys) | RequestSignatures::Required(keys) => {
                message.verified(keys, AuthnRequest::read)
            }
        }
    }
}

impl AuthnRequest {
    fn read(root: &Element) -> Result<Self, RequestError> {
        if root.attribute("Version") != Some("2.0") {
            return Err(RequestError::Version);
        }
        let id = id(root, "ID")?;
        let issue_instant = root
            .attribute("IssueInstant")
            .and_then(parse_timestamp)
            .ok_or(RequestError::Malformed("IssueInstant"))?;
        let issuer = only(root, ASSERTION, "Issuer")?
            .and_then(|issuer| issuer.text().map(|text| text.trim().to_owned()))
            .filter(|issuer| !issuer.is_empty())
            .ok_or(RequestError::Malformed("Issuer"))?;
        let name_id_policy = match only(root, PROTOCOL, "NameIDPolicy")? {
            Some(policy) => NameIdPolicy::read(policy, &issuer),
            None => NameIdPolicy::Any,
        };
        // Answers go by HTTP-POST; whoever wants another binding is told so, and so is whoever names
        // a person in a way that is not read here.
        let other_binding = root
            .attribute("ProtocolBinding")
            .is_some_and(|binding| binding != BINDING_POST);
        let subject = Requested::read(root)?;
        let unsupported = other_binding || subject.is_unreadable;
        Ok(Self {
            id,
            issuer,
            issue_instant,
            destination: root.attribute("Destination").map(str::to_owned),
            consumer: requested_consumer(root)?,
            force_authn: boolean(root, "ForceAuthn")?,
            is_passive: boolean(root, "IsPassive")?,
            authn_context: only(root, PROTOCOL, "RequestedAuthnContext")?
                .map(RequestedAuthnContext::read)
                .transpose()?,
            subject: subject.name,
            subject_is_opaque: subject.is_opaque,
            unsupported: unsupported.then_some(Status::RequestUnsupported),
            name_id_policy,
        })
    }

    /// What the request asks for that its relying party is not issued, whoever signs in: `issued`
    /// is the format of the names under which it knows people.
    pub fn policy_problem(&self, issued: NameIdFormat) -> Option<Status> {
        let agrees = match self.name_id_policy {
            NameIdPolicy::Any => true,
            NameIdPolicy::Of(wanted) => wanted == issued,
            NameIdPolicy::Other => false,
        };
        let name_id_problem = (!agrees).then_some(Status::InvalidNameIdPolicy);
        self.unsupported.or(name_id_problem)
    }

    /// What the page can be filled in with: the name of its subject, if people know it.
    pub fn hint(&self) -> Option<&str> {
        self.subject.as_deref().filter(|_| !self.subject_is_opaque)
    }
}

fn requested_consumer(root: &Element) -> Result<RequestedConsumer, RequestError> {
    const INDEX: &str = "AssertionConsumerServiceIndex";
    match (
        root.attribute("AssertionConsumerServiceURL"),
        root.attribute(INDEX),
    ) {
        (None, None) => Ok(RequestedConsumer::Default),
        (Some(url), None) => Ok(RequestedConsumer::Url(url.to_owned())),
        (None, Some(index)) => index
            .trim()
            .parse()
            .map(RequestedConsumer::Index)
            .map_err(|_| RequestError::Malformed(INDEX)),
        // Mutually exclusive (SAML core 3.4.1).
        (Some(_), Some(_)) => Err(RequestError::Malformed(INDEX)),
    }
}

/// `xs:boolean`.
fn boolean(root: &Element, name: &'static str) -> Result<bool, RequestError> {
    match root.attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(RequestError::Malformed(name)),
    }
}

/// What a request's `Subject` says.
#[derive(Default)]
struct Requested {
    name: Option<String>,
    /// The name is one that programs made.
    is_opaque: bool,
    /// Somebody is named, but not by a `NameID`.
    is_unreadable: bool,
}

impl Requested {
    fn read(root: &Element) -> Result<Self, RequestError> {
        let Some(subject) = only(root, ASSERTION, "Subject")? else {
            return Ok(Self::default());
        };
        let element = only(subject, ASSERTION, "NameID")?;
        let format = element.and_then(|name| name.attribute("Format"));
        let name = element.and_then(Element::text).map(str::trim);
        Ok(Self {
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            is_opaque: matches!(
                format.and_then(NameIdFormat::parse),
                Some(NameIdFormat::Persistent | NameIdFormat::Transient)
            ),
            is_unreadable: only(subject, ASSERTION, "EncryptedID")?.is_some()
                || only(subject, ASSERTION, "BaseID")?.is_some(),
        })
    }
}

impl NameIdPolicy {
    fn read(policy: &Element, issuer: &str) -> Self {
        let qualifier = policy.attribute("SPNameQualifier");
        if qualifier.is_some_and(|qualifier| qualifier != issuer) {
            return Self::Other;
        }
        match policy.attribute("Format").map(NameIdFormat::parse) {
            // Unspecified is what says nothing, too (SAML core 3.4.1.1).
            None | Some(Some(NameIdFormat::Unspecified)) => Self::Any,
            Some(Some(format)) => Self::Of(format),
            Some(None) => Self::Other,
        }
    }
}
