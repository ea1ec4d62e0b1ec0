//! The step of an application that asks for the password itself, and gets a token by WS-Trust.

use time::OffsetDateTime;

use super::{browser::Browser, circumstances::home_of};
use crate::{
    entra::{
        DomainName, Realm, Tenants,
        ws_trust::{
            AnswerError, Library, Mex, PasswordEndpoint, Token, TokenRequest, Version, read_answer,
        },
    },
    http::client::ClientError,
};

/// Whom Entra means by `wsp:AppliesTo` (facts 3.2).
const AUDIENCE: &str = "urn:federation:MicrosoftOnline";

/// A token for the person, with the name of the tenant that it is for; or why there is none.
pub(super) async fn token(
    browser: &mut Browser<'_>,
    tenants: &Tenants,
    person: &str,
    password: &str,
) -> Result<Result<(Token, DomainName), String>, ClientError> {
    let home = match home_of(tenants, person) {
        Ok(home) => home,
        Err(why) => return Ok(Err(why)),
    };
    let Realm::Federated(_, federation) = &home.realm else {
        return Ok(Err(format!("{person} is a user of a managed domain")));
    };
    // An application has to pass the cloud UPN: at /common, where it asks, the email leads elsewhere.
    let upn = home.user.map_or_else(
        || person.to_owned(),
        |user| user.user_principal_name.to_string(),
    );
    let endpoint = match (
        &federation.metadata_exchange_uri,
        &federation.active_sign_in_uri,
    ) {
        (Some(mex), _) => match described(browser, mex).await? {
            Ok(endpoint) => endpoint,
            Err(why) => return Ok(Err(why)),
        },
        (None, Some(address)) => guessed(address),
        (None, None) => {
            let why = "the federation has neither metadataExchangeUri nor activeSignInUri";
            return Ok(Err(why.to_owned()));
        }
    };
    let token = ask(browser, &endpoint, (&upn, password)).await?;
    Ok(token
        .map(|token| (token, home.tenant.name().clone()))
        .map_err(|error| error.to_string()))
}

async fn described(
    browser: &mut Browser<'_>,
    mex: &str,
) -> Result<Result<PasswordEndpoint, String>, ClientError> {
    let url = mex.parse().map_err(|_| ClientError::Url(mex.to_owned()))?;
    let reply = browser.client().get(&url, None).await?;
    let endpoint = Mex::read(&reply.body).and_then(|mex| mex.password_endpoint(Library::Python));
    browser.note_as("GET", &reply, "MEX document".to_owned());
    Ok(endpoint.map_err(|error| error.to_string()))
}

/// MSAL tells the version from the path, where there is no MEX document.
fn guessed(address: &str) -> PasswordEndpoint {
    PasswordEndpoint {
        address: address.to_owned(),
        version: if address.contains("/trust/13/") {
            Version::V13
        } else {
            Version::Feb2005
        },
    }
}

async fn ask(
    browser: &mut Browser<'_>,
    endpoint: &PasswordEndpoint,
    user: (&str, &str),
) -> Result<Result<Token, AnswerError>, ClientError> {
    let (version, address) = (endpoint.version, &endpoint.address);
    let request = TokenRequest::new(version, address, AUDIENCE, user, OffsetDateTime::now_utc());
    let url = address
        .parse()
        .map_err(|_| ClientError::Url(address.clone()))?;
    let reply = browser
        .client()
        .post_soap(&url, version.request_action(), request.to_xml())
        .await?;
    browser.note_as("POST", &reply, format!("WS-Trust {version}"));
    let status = reply.status.as_u16();
    Ok(read_answer(
        status,
        &reply.body,
        version,
        request.message_id(),
    ))
}
