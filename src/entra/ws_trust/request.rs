//! The request for a token, as MSAL for Python writes it (facts 3.3).

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::{
    Version,
    soap::{SOAP, WSA, WSP, WSSE, WSU},
};
use crate::entra::{instant, random};

/// A request for one token.
pub struct TokenRequest<'a> {
    version: Version,
    message_id: String,
    created: OffsetDateTime,
    address: &'a str,
    audience: &'a str,
    name: &'a str,
    password: &'a str,
}

/// How long a request holds.
const LIFE: Duration = Duration::minutes(10);

impl<'a> TokenRequest<'a> {
    /// A new request, to be posted to `address`, for a token for `audience`.
    pub fn new(
        version: Version,
        address: &'a str,
        audience: &'a str,
        (name, password): (&'a str, &'a str),
        now: OffsetDateTime,
    ) -> Self {
        Self {
            version,
            message_id: format!("urn:uuid:{}", random::guid()),
            created: now,
            address,
            audience,
            name,
            password,
        }
    }

    /// Its name, to which the answer relates.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The message, a SOAP 1.2 envelope.
    pub fn to_xml(&self) -> String {
        let trust = self.version.namespace();
        format!(
            "<s:Envelope xmlns:s='{SOAP}' xmlns:wsa='{WSA}' xmlns:wsu='{WSU}'><s:Header>\
             <wsa:Action s:mustUnderstand='1'>{action}</wsa:Action>\
             <wsa:MessageID>{message_id}</wsa:MessageID>\
             <wsa:ReplyTo><wsa:Address>{WSA}/anonymous</wsa:Address></wsa:ReplyTo>\
             <wsa:To s:mustUnderstand='1'>{to}</wsa:To>\
             <wsse:Security s:mustUnderstand='1' xmlns:wsse='{WSSE}'>\
             <wsu:Timestamp wsu:Id='_0'><wsu:Created>{created}</wsu:Created>\
             <wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>\
             <wsse:UsernameToken wsu:Id='ADALUsernameToken'>\
             <wsse:Username>{name}</wsse:Username><wsse:Password>{password}</wsse:Password>\
             </wsse:UsernameToken></wsse:Security></s:Header><s:Body>\
             <wst:RequestSecurityToken xmlns:wst='{trust}'>\
             <wsp:AppliesTo xmlns:wsp='{WSP}'><wsa:EndpointReference>\
             <wsa:Address>{audience}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
             <wst:KeyType>{key}</wst:KeyType><wst:RequestType>{trust}/Issue</wst:RequestType>\
             </wst:RequestSecurityToken></s:Body></s:Envelope>",
            action = self.version.request_action(),
            message_id = self.message_id,
            to = escape(self.address),
            created = instant::to_seconds(self.created),
            expires = instant::to_seconds(self.created + LIFE),
            name = escape(self.name),
            password = escape(self.password),
            audience = escape(self.audience),
            key = self.version.bearer_key(),
        )
    }
}

/// Without the password.
impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("version", &self.version)
            .field("message_id", &self.message_id)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{self, Limits};

    fn request(version: Version) -> TokenRequest<'static> {
        TokenRequest {
            message_id: "urn:uuid:6f9619ff-8b86-4011-b42d-00c04fc964ff".to_owned(),
            ..TokenRequest::new(
                version,
                "https://idp.example/adfs/services/trust/13/usernamemixed",
                "urn:federation:MicrosoftOnline",
                ("w&moran@partners.contoso.com", "<p&ss>word"),
                OffsetDateTime::from_unix_timestamp(1_704_067_200).unwrap(),
            )
        }
    }

    /// Written by MSAL for Python 1.39, with the white space between elements left out.
    #[test]
    fn the_message_is_the_one_of_msal() {
        for (version, golden) in [
            (
                Version::Feb2005,
                include_str!("golden/token_request_2005.xml"),
            ),
            (Version::V13, include_str!("golden/token_request_13.xml")),
        ] {
            let document = request(version).to_xml();
            assert_eq!(document, golden.trim_end());
            assert!(xml::read(document.as_bytes(), &Limits::default()).is_ok());
        }
    }

    #[test]
    fn each_request_has_a_name_and_debug_tells_no_password() {
        let new = || {
            let user = ("name", "s3cret");
            let now = OffsetDateTime::UNIX_EPOCH;
            TokenRequest::new(Version::V13, "https://idp.example/", "urn:x", user, now)
        };
        assert_ne!(new().message_id(), new().message_id());
        assert!(!format!("{:?}", new()).contains("s3cret"));
    }
}
