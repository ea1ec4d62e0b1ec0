//! Who may not sign in by the partner door, though the name is hers.

use crate::directory::{Entry, Filter};

use super::{EmailAddress, Home, MappingError, SignInAttribute, SignInName};

impl Home {
    /// Whether any of the entries that meet these conditions is in a refused group, nested ones
    /// included: a search of its own, beside the one for the name, and only where groups are
    /// configured. Servers that do not know the rule of Active Directory find none; there the
    /// entry's own `memberOf` decides ([`Self::is_direct_member`]).
    pub(super) async fn nested_member(
        &self,
        conditions: &Filter,
    ) -> Result<Option<Entry>, MappingError> {
        let groups = &self.mapping.refused_groups;
        if groups.is_empty() {
            return Ok(None);
        }
        let in_any = groups.iter().cloned().map(Filter::InGroup).collect();
        let filter = Filter::And(vec![conditions.clone(), Filter::Or(in_any)]);
        let found = self.directory.search(&filter, &["1.1"], 2).await?;
        Ok(found.entries.into_iter().next())
    }

    pub(super) fn is_direct_member(&self, entry: &Entry) -> bool {
        let groups = &self.mapping.refused_groups;
        let mut names = entry.bytes("memberOf");
        !groups.is_empty()
            && names.any(|name| {
                // A name that cannot be read may be any.
                std::str::from_utf8(name)
                    .ok()
                    .and_then(|name| name.parse().ok())
                    .is_none_or(|name| groups.contains(&name))
            })
    }

    /// Refuses a name in one of the organisation's own domains that leads to an account by its
    /// mail or proxy address, unless that is the account's own UPN or it is allowed.
    pub(super) fn judge_domain(
        &self,
        name: &SignInName,
        matched_by: SignInAttribute,
        upn: &str,
        dn: &str,
    ) -> Result<(), MappingError> {
        let external = matches!(
            matched_by,
            SignInAttribute::Mail | SignInAttribute::ProxyAddresses
        );
        let Some(address) = name.as_address().filter(|_| external) else {
            return Ok(());
        };
        let mapping = &self.mapping;
        let federated = mapping.federated_domains.iter();
        let is_own = federated
            .map(|domain| &domain.suffix)
            .chain(&mapping.own_domains)
            .any(|own| address.domain().is_within(own));
        let is_upn = EmailAddress::parse(upn).as_ref() == Ok(address);
        if !is_own || is_upn || mapping.allow_own_domains {
            return Ok(());
        }
        Err(MappingError::OwnDomain {
            dn: dn.to_owned(),
            domain: address.domain().to_string(),
        })
    }
}
