//! Which of some groups an entry is in, nested membership included.
//!
//! Only the groups that somebody asks about are looked at: what else a person is in is nobody's
//! business here, and would have no bound.

use ldap3::Scope;

use super::{Directory, DirectoryError, Dn, Filter, Found, Step, search::Query};

/// What a server that knows `LDAP_MATCHING_RULE_IN_CHAIN` says of itself (MS-ADTS 3.1.1.3.4.3):
/// Active Directory, Samba; AD LDS.
const CAPABILITIES: [&str; 2] = ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"];

/// How deep groups may be nested where each level is a search.
const MOST_LEVELS: usize = 8;

/// How many groups somebody may be in, the ones between included, where each level is a search.
const MOST_GROUPS: usize = 500;

impl Directory {
    /// Which of `groups` the entry `member` is in, in the order of `groups`.
    ///
    /// Active Directory is asked once, by its own rule, for just these groups. Any other server is
    /// asked level by level: which groups have it as `member` or `uniqueMember`, which groups have
    /// those, and so on, eight levels up at most. A primary group is seen by neither. Groups that
    /// cannot be in this directory, since they lie in another domain than its base, are not asked
    /// for. The configured scope filter is one for accounts and does not count.
    ///
    /// # Errors
    /// When the directory does not answer, and when there are more groups than can be looked at: an
    /// answer that lacks some would be taken for one that does not.
    pub async fn groups_of(&self, member: &Dn, groups: &[Dn]) -> Result<Vec<Dn>, DirectoryError> {
        let base = &self.settings().base;
        let here: Vec<&Dn> = groups
            .iter()
            .filter(|group| is_within_reach(base, group))
            .collect();
        let Some(first) = here.first() else {
            return Ok(Vec::new());
        };
        let found = if self.is_active_directory().await? {
            let above = here.iter().fold((*first).clone(), |above, group| {
                group.ancestor(group.shared_depth(&above))
            });
            self.asked_by_rule(above, &here, member).await?
        } else {
            let above = here.iter().fold(base.clone(), |above, group| {
                group.ancestor(group.shared_depth(&above))
            });
            self.asked_by_level(above, &here, member).await?
        };
        let is_found = |group: &&&Dn| found.contains(group);
        Ok(here
            .iter()
            .filter(is_found)
            .map(|group| (*group).clone())
            .collect())
    }

    /// Whether a group can be in this directory, and is there for the service account to see.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub async fn has_group(&self, group: &Dn) -> Result<bool, DirectoryError> {
        if !is_within_reach(&self.settings().base, group) {
            return Ok(false);
        }
        let query = Query {
            base: group.as_str().to_owned(),
            ..root_query("1.1")
        };
        match self.links.run(query).await {
            Ok((found, _)) => Ok(!found.entries.is_empty()),
            Err(DirectoryError::Refused { code: 32, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn asked_by_rule(
        &self,
        above: Dn,
        groups: &[&Dn],
        member: &Dn,
    ) -> Result<Vec<Dn>, DirectoryError> {
        let named = groups
            .iter()
            .map(|group| Filter::equal("distinguishedName", group.as_str()));
        let filter = Filter::And(vec![
            Filter::Or(named.collect()),
            Filter::HasMemberWithin(member.clone()),
        ]);
        self.named(above, &filter, groups.len()).await
    }

    async fn asked_by_level(
        &self,
        above: Dn,
        groups: &[&Dn],
        member: &Dn,
    ) -> Result<Vec<Dn>, DirectoryError> {
        let mut all: Vec<Dn> = Vec::new();
        let mut level = vec![member.clone()];
        for _ in 0..MOST_LEVELS {
            let holds = |attribute| {
                level
                    .iter()
                    .map(move |dn| Filter::equal(attribute, dn.as_str()))
            };
            let filter = Filter::Or(holds("member").chain(holds("uniqueMember")).collect());
            let found = self
                .named(above.clone(), &filter, MOST_GROUPS - all.len())
                .await?;
            level = found.into_iter().filter(|dn| !all.contains(dn)).collect();
            all.extend(level.iter().cloned());
            // Who is in none that is left to find need not be looked up any further.
            if level.is_empty() || groups.iter().all(|group| all.contains(group)) {
                break;
            }
        }
        Ok(all)
    }

    /// The names of the entries under `above` that meet the filter; none where there is no `above`.
    async fn named(
        &self,
        above: Dn,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Dn>, DirectoryError> {
        let query = Query {
            base: above.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: filter.to_string(),
            attributes: vec!["1.1".to_owned()],
            limit: limit.max(1),
            step: Step::Search,
        };
        let (found, server) = match self.links.run(query).await {
            Ok(answer) => answer,
            Err(DirectoryError::Refused { code: 32, .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let Found { entries, truncated } = found;
        if truncated {
            return Err(DirectoryError::Refused {
                step: Step::Search,
                server,
                code: 4,
                text: format!("more groups than can be looked at ({MOST_GROUPS})"),
            });
        }
        // A name that is none is not one of those that were asked for.
        Ok(entries
            .iter()
            .filter_map(|entry| entry.dn().parse().ok())
            .collect())
    }

    /// Asked of the root DSE (RFC 4512 5.1) once, and then known.
    async fn is_active_directory(&self) -> Result<bool, DirectoryError> {
        if let Some(known) = self.knows_chains.get() {
            return Ok(*known);
        }
        let (found, _) = self.links.run(root_query("supportedCapabilities")).await?;
        let mut capabilities = found
            .entries
            .iter()
            .flat_map(|root| root.values("supportedCapabilities"));
        let is = capabilities.any(|capability| CAPABILITIES.contains(&capability));
        Ok(*self.knows_chains.get_or_init(|| is))
    }
}

/// Asks the root DSE for an attribute.
fn root_query(attribute: &str) -> Query {
    Query {
        base: String::new(),
        scope: Scope::Base,
        filter: Filter::present("objectClass").to_string(),
        attributes: vec![attribute.to_owned()],
        limit: 2,
        step: Step::Search,
    }
}

/// Whether a group can be seen in the directory with this base: in the same domain or below it, or,
/// where names are not those of domains, in the same tree.
fn is_within_reach(base: &Dn, group: &Dn) -> bool {
    let shared = group.shared_depth(base);
    base.depth() == 0 || (shared > 0 && shared >= base.domain_depth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_other_domains_are_out_of_reach() {
        let dn = |text: &str| text.parse::<Dn>().unwrap();
        for (base, group, reach) in [
            (
                "OU=Partners,DC=contoso,DC=com",
                "CN=g,OU=Groups,DC=contoso,DC=com",
                true,
            ),
            ("DC=contoso,DC=com", "CN=g,DC=emea,DC=contoso,DC=com", true),
            ("DC=emea,DC=contoso,DC=com", "CN=g,DC=contoso,DC=com", false),
            ("DC=contoso,DC=com", "CN=g,DC=fabrikam,DC=com", false),
            ("ou=people,o=contoso", "cn=g,ou=groups,o=contoso", true),
            ("ou=people,o=contoso", "cn=g,o=fabrikam", false),
            ("", "cn=g,o=fabrikam", true),
        ] {
            assert_eq!(
                is_within_reach(&dn(base), &dn(group)),
                reach,
                "{base} {group}"
            );
        }
    }
}
