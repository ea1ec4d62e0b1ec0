use hyper::StatusCode;

use crate::entra::TenantError;

/// Why Graph refuses, by its codes.
#[derive(Debug, thiserror::Error)]
pub(super) enum GraphError {
    /// There is no such thing.
    #[error(
        "Resource '{0}' does not exist or one of its queried reference-property objects are not \
         present."
    )]
    NotFound(String),
    /// What is asked for would not be a tenant, or is no sense.
    #[error("{0}")]
    BadRequest(String),
    /// Another object has the value.
    #[error("Another object with the same value for property {property} already exists. ({why})")]
    Conflict {
        /// Which property.
        property: &'static str,
        /// Whose value it is, in our words.
        why: String,
    },
    /// A delta query goes on from where nobody was.
    #[error("The sync state is not found; begin with a full sync.")]
    SyncState,
    /// Not by this method; those are.
    #[error("The method is not allowed here; {0} are.")]
    NotAllowed(&'static str),
    /// There is no good token.
    #[error("{0}")]
    Token(&'static str),
    /// The token is not for this.
    #[error("Insufficient privileges to complete the operation.")]
    Forbidden,
    /// The body is not JSON.
    #[error("The content type is not application/json.")]
    MediaType,
}

impl GraphError {
    pub(super) fn not_found(what: &str) -> Self {
        Self::NotFound(what.chars().take(200).collect())
    }

    pub(super) fn bad_request(why: impl Into<String>) -> Self {
        Self::BadRequest(why.into())
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadRequest(_) | Self::Conflict { .. } => StatusCode::BAD_REQUEST,
            Self::SyncState => StatusCode::GONE,
            Self::NotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "Request_ResourceNotFound",
            Self::Token(_) => "InvalidAuthenticationToken",
            Self::Forbidden => "Authorization_RequestDenied",
            Self::SyncState => "syncStateNotFound",
            Self::BadRequest(_) | Self::Conflict { .. } | Self::NotAllowed(_) | Self::MediaType => {
                "Request_BadRequest"
            }
        }
    }
}

/// Graph's own sentence where it is known, and ours with it.
impl From<TenantError> for GraphError {
    fn from(error: TenantError) -> Self {
        let property = match &error {
            TenantError::UserPrincipalNameTwice(_) => "userPrincipalName",
            TenantError::ImmutableIdTwice(_) => "onPremisesImmutableId",
            TenantError::ProxyAddressTwice(_) => "proxyAddresses",
            other => return Self::BadRequest(other.to_string()),
        };
        Self::Conflict {
            property,
            why: error.to_string(),
        }
    }
}
