use askama::Template;

use super::Version;

/// The document by which clients find the endpoints (WS-MetadataExchange: WSDL with policies), as
/// AD FS has it at `/adfs/services/trust/mex`, without what is not offered here.
///
/// Both endpoints are in it, since MSAL for Python prefers 1.3, and MSAL for .NET overlooks it:
/// it looks for user name tokens by the names of WS-SecurityPolicy 1.1 only. What the libraries need
/// is what the template has: policies, bindings and the service right below the root, a SOAP 1.2
/// binding in each binding, an `EndpointReference` in each port, and no name twice.
///
/// # Errors
/// When the template cannot be filled in.
pub fn metadata_exchange(base_url: &str) -> Result<String, askama::Error> {
    MetadataExchange { base_url }.render()
}

#[derive(Template)]
#[template(path = "wstrust/mex.xml")]
struct MetadataExchange<'a> {
    base_url: &'a str,
}

impl MetadataExchange<'_> {
    fn address(&self, version: Version) -> String {
        format!("{}{}", self.base_url, version.path())
    }
}
