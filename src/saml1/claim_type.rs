/// A claim's type as SAML 1.1 writes it: in two parts, cut at the last `/` of its URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimType<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl<'a> ClaimType<'a> {
    /// Cuts a claim type's URI. `None` when there is no `/` in it, or nothing before or behind the
    /// last one: such a type cannot be written down so that a reader would put the same one together.
    pub fn parse(uri: &'a str) -> Option<Self> {
        let (namespace, name) = uri.rsplit_once('/')?;
        (!namespace.is_empty() && !name.is_empty()).then_some(Self { namespace, name })
    }

    /// What stands before the last `/`: `AttributeNamespace`.
    pub fn namespace(self) -> &'a str {
        self.namespace
    }

    /// What stands behind it: `AttributeName`.
    pub fn name(self) -> &'a str {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_cut_at_the_last_slash() {
        for (uri, namespace, name) in [
            (
                "http://schemas.xmlsoap.org/claims/UPN",
                "http://schemas.xmlsoap.org/claims",
                "UPN",
            ),
            (
                "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID",
                "http://schemas.microsoft.com/LiveID/Federation/2008/05",
                "ImmutableID",
            ),
            ("a/b/c", "a/b", "c"),
        ] {
            let claim_type = ClaimType::parse(uri).unwrap();
            assert_eq!(
                (claim_type.namespace(), claim_type.name()),
                (namespace, name)
            );
        }
        for uri in ["", "IDPEmail", "/UPN", "http://x/", "/"] {
            assert_eq!(ClaimType::parse(uri), None, "{uri:?}");
        }
    }
}
