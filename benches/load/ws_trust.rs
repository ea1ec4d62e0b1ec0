//! A program's request by WS-Trust, and what its answer must hold.

use anyhow::{Result, ensure};
use homerealm::http::client::Reply;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// The path that requests go to.
pub(crate) const PATH: &str = "/adfs/services/trust/13/usernamemixed";
/// The content type of a SOAP 1.2 envelope.
pub(crate) const CONTENT_TYPE: &str = "application/soap+xml; charset=utf-8";

/// A request for a token (WS-Trust 1.3, 4.1), as MSAL writes it. All of it is plain ASCII.
pub(crate) fn envelope(
    to: &str,
    relying_party: &str,
    id: &str,
    user: &str,
    password: &str,
) -> Result<String> {
    let now = OffsetDateTime::now_utc();
    let created = now.format(&Rfc3339)?;
    let expires = (now + Duration::minutes(5)).format(&Rfc3339)?;
    Ok(format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><s:Header><wsa:Action s:mustUnderstand="1">http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue</wsa:Action><wsa:MessageID>urn:uuid:{id}</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo><wsa:To s:mustUnderstand="1">{to}</wsa:To><wsse:Security s:mustUnderstand="1" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><wsu:Timestamp wsu:Id="_0"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp><wsse:UsernameToken wsu:Id="ADALUsernameToken"><wsse:Username>{user}</wsse:Username><wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header><s:Body><wst:RequestSecurityToken xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><wsa:EndpointReference><wsa:Address>{relying_party}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer</wst:KeyType><wst:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType></wst:RequestSecurityToken></s:Body></s:Envelope>"#
    ))
}

/// The answer must carry a signed token.
pub(crate) fn check(reply: &Reply) -> Result<()> {
    ensure!(
        reply.status.is_success(),
        "the request was answered by a fault: {}",
        reply.status
    );
    let answer = reply.text();
    ensure!(
        answer.contains("<saml:NameIdentifier ") && answer.contains("<ds:SignatureValue"),
        "the answer has no signed token"
    );
    Ok(())
}
