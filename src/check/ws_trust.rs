//! WS-Trust: whether programs may bring passwords, and for whose tokens.

use crate::{
    trust::{Protocol, RelyingParty, Trusts},
    web::Edge,
    wstrust::Version,
};

use super::Finding;

const NAME: &str = "ws-trust";

pub(super) fn check(edge: &Edge, trusts: &Trusts) -> Finding {
    let parties = trusts.relying_parties();
    if !edge.ws_trust {
        let only = parties
            .iter()
            .find(|party| party.protocols == [Protocol::WsTrust]);
        return match only {
            None => Finding::ok(NAME, "off: no program may bring a password"),
            Some(party) => Finding::warn(
                NAME,
                format!("off, and {} may ask by nothing else", party.entity_id()),
                "set `enabled` in [ws_trust], or name another protocol in its `protocols`",
            ),
        };
    }
    let asking = parties.iter().filter(|it| it.speaks(Protocol::WsTrust));
    let asking: Vec<String> = asking.map(|party| with_addresses(party)).collect();
    if asking.is_empty() {
        return Finding::warn(
            NAME,
            "on, and no relying party may be asked for by it",
            "switch it off in [ws_trust]: it is a second place where passwords are tried; or add \
             \"ws-trust\" to the `protocols` of the relying party that needs it",
        );
    }
    let paths = Version::ALL.map(|version| format!("{}{}", edge.base_url, version.path()));
    let (paths, asking) = (paths.join(" and "), asking.join("; "));
    Finding::ok(NAME, format!("on at {paths}, for {asking}"))
}

/// What it may be called in a request (`AppliesTo`).
fn with_addresses(party: &RelyingParty) -> String {
    let others = party.ws_trust_addresses.iter();
    let others = others.filter(|address| *address != party.entity_id());
    std::iter::once(party.entity_id())
        .chain(others.map(String::as_str))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{check::Verdict, config::Config};

    const EXAMPLE: &str = include_str!("../../config/homerealm.toml");

    fn found(enabled: bool, protocols: &[Protocol]) -> Finding {
        let text = EXAMPLE.replace("# enabled = false", &format!("enabled = {enabled}"));
        let config = Config::parse(&text, "test", Path::new("/etc/homerealm")).unwrap();
        let mut party = config.relying_parties[0].load().unwrap();
        party.protocols = protocols.to_vec();
        let trusts = Trusts::new(vec![party], config.domains.clone()).unwrap();
        check(&config.edge, &trusts)
    }

    #[test]
    fn who_may_be_asked_for_is_told_and_what_is_open_for_nobody() {
        use Protocol::{Saml2, WsTrust};

        for (enabled, protocols, verdict, told) in [
            (false, &[Saml2, WsTrust][..], Verdict::Ok, "off: "),
            (false, &[WsTrust], Verdict::Warn, "nothing else"),
            (true, &[Saml2], Verdict::Warn, "no relying party"),
            (
                true,
                &[Saml2, WsTrust],
                Verdict::Ok,
                "for urn:federation:MicrosoftOnline, https://login.microsoftonline.com/extSTS.srf",
            ),
        ] {
            let finding = found(enabled, protocols);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.found.contains(told), "{}", finding.found);
            assert_eq!(finding.mend.is_some(), verdict == Verdict::Warn);
        }
        let on = found(true, &[WsTrust]).found;
        for path in ["2005/usernamemixed", "13/usernamemixed"] {
            let address = format!("https://login.contoso.com/adfs/services/trust/{path}");
            assert!(on.contains(&address), "{on}");
        }
    }
}
