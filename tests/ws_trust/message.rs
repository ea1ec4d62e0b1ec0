//! Messages as MSAL sends them, with whatever is put in, and faults as it reads them.

use homerealm::{saml2::format_timestamp, wstrust::Version};
use time::{Duration, OffsetDateTime};

use crate::{
    ENTRA, WENDYS_UPN, address,
    provider::Provider,
    raw::{Answer, Raw},
    slapd::PASSWORD,
};

/// A message as MSAL writes it, and what can be changed in it.
pub(crate) struct Sent {
    pub(crate) version: Version,
    pub(crate) message_id: String,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) applies_to: String,
    pub(crate) created: OffsetDateTime,
    pub(crate) expires: OffsetDateTime,
}

impl Sent {
    pub(crate) fn new(version: Version) -> Self {
        let now = OffsetDateTime::now_utc();
        let id = homerealm::saml2::new_id().expect("random bytes");
        Self {
            version,
            message_id: format!("urn:uuid:{id}"),
            name: WENDYS_UPN.to_owned(),
            password: PASSWORD.to_owned(),
            applies_to: ENTRA.to_owned(),
            created: now,
            expires: now + Duration::minutes(10),
        }
    }

    pub(crate) fn with(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            ..Self::new(Version::V13)
        }
    }

    pub(crate) fn to_xml(&self, provider: &Provider) -> String {
        let (trust, key) = match self.version {
            Version::Feb2005 => (
                "http://schemas.xmlsoap.org/ws/2005/02/trust",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            ),
            Version::V13 => (
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
            ),
        };
        format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><s:Header><wsa:Action s:mustUnderstand="1">{action}</wsa:Action><wsa:MessageID>{id}</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo><wsa:To s:mustUnderstand="1">{to}</wsa:To><wsse:Security s:mustUnderstand="1"><wsu:Timestamp wsu:Id="_0"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp><wsse:UsernameToken wsu:Id="_1"><wsse:Username>{name}</wsse:Username><wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header><s:Body><wst:RequestSecurityToken xmlns:wst="{trust}"><wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><wsa:EndpointReference><wsa:Address>{applies_to}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wst:KeyType>{key}</wst:KeyType><wst:RequestType>{trust}/Issue</wst:RequestType></wst:RequestSecurityToken></s:Body></s:Envelope>"#,
            action = self.version.request_action(),
            id = self.message_id,
            to = address(provider, self.version.path()),
            created = format_timestamp(self.created),
            expires = format_timestamp(self.expires),
            name = self.name,
            password = self.password,
            applies_to = self.applies_to,
        )
    }

    pub(crate) async fn send(&self, provider: &Provider) -> Answer {
        post(provider, self.version, &self.to_xml(provider)).await
    }
}

pub(crate) async fn post(provider: &Provider, version: Version, body: &str) -> Answer {
    Raw::new("POST", version.path())
        .header("Content-Type", "application/soap+xml; charset=utf-8")
        .header("SOAPAction", version.request_action())
        .body(body)
        .send(provider)
        .await
}

/// A fault that both libraries can read: its subcode and reason.
pub(crate) fn fault(answer: &Answer) -> (String, String) {
    let between = |start: &str, end: &str| {
        let (_, after) = answer
            .body
            .split_once(start)
            .unwrap_or_else(|| panic!("no {start}: {answer:?}"));
        after.split_once(end).expect("an end").0.to_owned()
    };
    assert_eq!(
        answer.header("content-type"),
        "application/soap+xml; charset=utf-8"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let subcode = between("<s:Subcode><s:Value xmlns:a=\"", "</s:Value>");
    let (_, subcode) = subcode.split_once("\">a:").expect("a prefix");
    (
        subcode.to_owned(),
        between("<s:Text xml:lang=\"en-US\">", "</s:Text>"),
    )
}

pub(crate) fn correlation(reason: &str) -> &str {
    let (_, after) = reason.split_once("(correlation id ").expect("an id");
    after.strip_suffix(')').expect("an end")
}
