//! What each kind of relying party knows, and who may sign in there.

use super::*;

#[test]
fn presets_know_their_kind() {
    let wendy = wendy();
    let entra = of(Preset::Entra);
    assert_eq!(
        plain(&entra.claims(&wendy)),
        [(
            "IDPEmail".to_owned(),
            vec!["wmoran@partners.contoso.com".to_owned()]
        )]
    );
    let token: Vec<_> = plain(&entra.token_claims(&wendy, &Circumstances::default()));
    assert_eq!(token[0].1, ["wmoran@partners.contoso.com"]);
    assert_eq!(token[1].1, ["AAAA"]);
    assert!(token[2].1[0].ends_with("authenticationmethod/password"));
    let names = ["UPN", "ImmutableID", "authnmethodsreferences"];
    assert_eq!(token.len(), names.len());
    assert!(
        token
            .iter()
            .zip(names)
            .all(|((name, _), end)| name.ends_with(end))
    );
    assert_eq!(
        (entra.access.clone(), &*entra.display_name),
        (Access::Everyone, "Microsoft Entra ID")
    );

    let mut external = of(Preset::EntraExternal);
    assert_eq!(external.access, Access::Nobody);
    external.access = Access::Everyone;
    let claims = external.claims(&wendy);
    assert_eq!(
        plain(&claims),
        [(
            EMAIL_ADDRESS.to_owned(),
            vec!["wmoran@fabrikam.com".to_owned()]
        )]
    );
    let token = plain(&external.token_claims(&wendy, &Circumstances::default()));
    assert!(
        token.len() == 2 && token[0].0.ends_with("/ImmutableID"),
        "{token:?}"
    );
    assert_eq!(token[1..], plain(&claims));
    assert!(external.permits(&wendy).is_ok());
    // Entra would refuse her with words that nobody understands.
    let refused = external.permits(&by_upn()).unwrap_err().to_string();
    assert!(refused.contains(EMAIL_ADDRESS), "{refused}");

    let other = of(Preset::Saml2);
    assert_eq!(
        (other.access.clone(), &*other.display_name),
        (Access::Nobody, "rp.test")
    );
    assert!(other.claims(&wendy).is_empty());
    assert_eq!(
        other.name_id(&wendy, "_s").unwrap().format,
        NameIdFormat::Transient
    );
    assert!(RelyingParty::new(Preset::Saml2, "rp", vec![]).is_none());
    let by_ws_federation = of(Preset::WsFederation);
    assert_eq!(by_ws_federation.access, Access::Nobody);
    assert!(
        by_ws_federation
            .token_claims(&wendy, &Circumstances::default())
            .is_empty()
    );
    for (party, protocols) in [
        (&entra, &Protocol::ALL[..]),
        (&external, &[Protocol::Saml2, Protocol::WsFederation]),
        (&other, &[Protocol::Saml2]),
        (&by_ws_federation, &[Protocol::WsFederation]),
    ] {
        assert_eq!(party.protocols, protocols);
    }
}

#[test]
fn circumstances_are_told_where_it_is_said() {
    let wendy = wendy();
    let told = |network, password, circumstances: &Circumstances| {
        let mut entra = of(Preset::Entra);
        (entra.told.network, entra.told.password_expiry) = (network, password);
        let claims = plain(&entra.token_claims(&wendy, circumstances));
        let names: Vec<_> = entra.token_claim_names().map(str::to_owned).collect();
        assert!(claims.iter().all(|(name, _)| names.contains(name)));
        // By SAML 2.0 nobody reads it.
        assert_eq!(entra.claims(&wendy).len(), 1);
        let mut values = Vec::new();
        for (name, mut of_name) in claims.into_iter().skip(3) {
            let name = name.strip_prefix("http://schemas.microsoft.com/ws/2012/01/");
            values.push((name.unwrap().to_owned(), of_name.remove(0)));
        }
        let explained = entra.explain(&wendy, circumstances).claims;
        let unsaid = explained.into_iter().skip(4).map(|claim| claim.outcome);
        let is_issued = unsaid.flatten().count();
        assert_eq!(is_issued, values.len());
        values
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let network = |value| pair("insidecorporatenetwork", value);
    let password = [
        pair("passwordexpirationtime", "950399"),
        pair("passwordexpirationdays", "10"),
        pair("passwordchangeurl", "https://idp.test/password"),
    ];
    let all = expiring();
    assert_eq!(told(false, false, &all), []);
    assert_eq!(told(true, false, &all), [network("true")]);
    assert_eq!(told(false, true, &all), password);
    let both = told(true, true, &all);
    assert_eq!((&both[0], &both[1..]), (&network("true"), &password[..]));
    assert_eq!(told(true, true, &Circumstances::default()), []);
    let mut outside = expiring();
    outside.inside_corporate_network = Some(false);
    outside.expiring_password.as_mut().unwrap().change_url = None;
    assert_eq!(
        told(true, true, &outside)[..3],
        [&[network("false")], &password[..2]].concat()
    );
    assert_eq!(told(true, true, &outside).len(), 3);
    for tells in [true, false] {
        let mut entra = of(Preset::Entra);
        entra.told.password_expiry = tells;
        assert_eq!(Needs::of(&[entra]).password_expiry, tells);
    }
}

#[test]
fn what_entra_knows_a_person_by_is_no_rules_matter() {
    let salt = PairwiseSalt::new(&"s".repeat(32)).unwrap();
    for (preset, rule, may) in [
        (Preset::Entra, NameIdRule::ImmutableId, true),
        (Preset::Entra, NameIdRule::Pairwise(salt.clone()), false),
        (Preset::Entra, NameIdRule::Transient, false),
        (Preset::EntraExternal, NameIdRule::Pairwise(salt), true),
        (
            Preset::EntraExternal,
            NameIdRule::EmailAddress(NameIdSource::Email),
            false,
        ),
        (
            Preset::Saml2,
            NameIdRule::Unspecified(NameIdSource::CloudUpn),
            true,
        ),
    ] {
        let mut party = of(preset);
        let format = rule.format();
        assert_eq!(party.set_name_id(rule), may, "{preset:?} {format:?}");
        assert!(!may || party.name_id_rule().format() == format);
    }
    for name in [
        "IDPEmail",
        "idpemail",
        "http://schemas.xmlsoap.org/claims/UPN",
        "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableId",
        "http://schemas.microsoft.com/claims/authnmethodsreferences",
    ] {
        let rule = || ClaimRule::new(name, constant(&["forged"]));
        for preset in [Preset::Entra, Preset::EntraExternal] {
            assert_eq!(
                of(preset).add_claim(rule()),
                Err(ClaimRuleError::Reserved),
                "{name}"
            );
        }
        assert_eq!(of(Preset::Saml2).add_claim(rule()), Ok(()));
    }
    // The address of a guest may come from elsewhere, but must be there.
    let mut external = of(Preset::EntraExternal);
    let mut rule = ClaimRule::new(EMAIL_ADDRESS, attribute("department"));
    rule.name_format = Some(NameFormat::Unspecified);
    assert_eq!(
        external.add_claim(rule.clone()),
        Err(ClaimRuleError::Required)
    );
    rule.required = true;
    assert_eq!(external.add_claim(rule.clone()), Ok(()));
    assert_eq!(external.claim_rules(), [rule]);
}

#[test]
fn only_who_is_let_in_may_sign_in() {
    let mut party = of(Preset::Saml2);
    for (access, cause) in [
        (
            Access::Nobody,
            Some("nobody may sign in at this relying party: it has no `access`"),
        ),
        (Access::Everyone, None),
        (
            Access::Only(vec![]),
            Some("no rule of `access` lets her in: she is not "),
        ),
        (
            Access::Only(vec![in_group("Admins"), in_group("Editors")]),
            None,
        ),
        (
            Access::Only(vec![in_group("Admins"), in_group("Owners")]),
            Some(
                "no rule of `access` lets her in: she is not in the group CN=Admins,DC=contoso; \
                 nor in the group CN=Owners,DC=contoso",
            ),
        ),
    ] {
        party.access = access;
        let refused = party.permits(&wendy()).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), cause);
    }
    party.access = Access::Everyone;
    assert!(party.set_name_id(NameIdRule::EmailAddress(NameIdSource::Email)));
    assert!(party.permits(&wendy()).is_ok());
    let refused = party.permits(&by_upn()).unwrap_err();
    assert!(matches!(refused, NotPermitted::NoName(_)), "{refused}");
    let required = ClaimRule {
        required: true,
        ..ClaimRule::new("title", attribute("title"))
    };
    party.add_claim(required).unwrap();
    let refused = party.permits(&wendy()).unwrap_err();
    assert!(
        matches!(&refused, NotPermitted::NoClaim(name) if name == "title"),
        "{refused}"
    );
}
