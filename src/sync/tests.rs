use super::*;
use crate::{
    directory::{AccountState, Attribute},
    entra::{
        Authentication, Domain, DomainName as Initial, InternalDomainFederation,
        PreferredAuthenticationProtocol, SignInName, Tenant, User,
    },
    keys::create_signing_key,
    realm::{DomainName, FederatedDomain, ImmutableId, ImmutableIdSource, Listed},
    simulate::tenant_file,
};

const ISSUER: &str = "https://idp.contoso.com/partners";

fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

fn terms() -> Terms {
    let federated = FederatedDomain {
        suffix: domain("partners.contoso.com"),
        issuer: ISSUER.to_owned(),
    };
    Terms {
        tenant: Some(Initial::parse("contoso.onmicrosoft.com").unwrap()),
        verified_domains: vec![domain("contoso.com")],
        guests: GuestRules {
            attribute: Some(Attribute::parse("extensionAttribute1").unwrap()),
            upn_suffixes: vec![federated.suffix.clone()],
            units: vec!["OU=Bob's Externals,DC=contoso,DC=com".parse().unwrap()],
        },
        federated_domains: vec![federated],
    }
}

/// What is done to an account.
type Change = Box<dyn Fn(&mut Listed)>;

/// A partner without a conflict.
fn partner(name: &str) -> Listed {
    Listed {
        dn: format!("CN={name},OU=Partners,DC=contoso,DC=com"),
        upn: Some(format!("{name}@partners.contoso.com")),
        mail: Some(format!("{name}@fabrikam.com")),
        proxy_addresses: vec![format!("SMTP:{name}@fabrikam.com"), "x500:/o=a".to_owned()],
        display_name: Some(name.to_owned()),
        immutable_id: Some(ImmutableId::parse(format!("{name}MyIRAFVEd2aImaq7zN==")).unwrap()),
        ..Listed::default()
    }
}

fn plan(accounts: Vec<Listed>) -> Plan {
    let accounts = accounts.into_iter().map(|one| ("ad".to_owned(), one));
    Plan::new(&terms(), &accounts.collect::<Vec<_>>())
}

fn kinds(user: &Planned) -> Vec<String> {
    user.conflicts
        .iter()
        .map(|it| it.kind.to_string())
        .collect()
}

#[test]
fn a_partner_is_a_guest_known_by_her_email() {
    let plan = plan(vec![partner("wendy")]);
    assert!(plan.good);
    let wendy = &plan.users[0];
    let json = serde_json::to_value(wendy).unwrap();
    assert_eq!(json["userType"], "Guest");
    assert_eq!(json["userPrincipalName"], "wendy@partners.contoso.com");
    assert_eq!(json["onPremisesUserPrincipalName"], "wendy@fabrikam.com");
    assert_eq!(json["onPremisesImmutableId"], "wendyMyIRAFVEd2aImaq7zN==");
    assert_eq!(plan.counts.email_domains["fabrikam.com"], 1);
}

#[test]
fn each_of_the_three_rules_makes_a_guest_and_the_attribute_decides_first() {
    let at = |dn: &str, upn: &str, asked: &[&str]| Listed {
        dn: dn.to_owned(),
        upn: Some(upn.to_owned()),
        asked: asked.iter().map(|&value| value.to_owned()).collect(),
        ..partner("x")
    };
    let staff = "CN=x,OU=Staff,DC=contoso,DC=com";
    let externals = "CN=x,OU=East,OU=Bob's Externals,DC=contoso,DC=com";
    let table = [
        (at(staff, "x@contoso.com", &[]), "Member"),
        (at(staff, "x@contoso.com", &["guest"]), "Guest"),
        (at(externals, "x@contoso.com", &[]), "Guest"),
        (at(staff, "x@PARTNERS.contoso.com", &[]), "Guest"),
        (at(staff, "x@emea.partners.contoso.com", &[]), "Member"),
        (
            at(externals, "x@partners.contoso.com", &["Member"]),
            "Member",
        ),
        // What it says wrongly decides nothing.
        (at(staff, "x@partners.contoso.com", &["Partner"]), "Guest"),
    ];
    for (account, expected) in table {
        let told = format!("{account:?}");
        let plan = plan(vec![account]);
        let user = &plan.users[0];
        assert_eq!(user.user_type.to_string(), expected, "{told}");
        let sign_in_name = user.on_premises_user_principal_name.as_deref();
        let is_email = sign_in_name == Some("x@fabrikam.com");
        assert_eq!(is_email, expected == "Guest", "{told}");
    }
}

#[test]
fn what_is_wrong_with_an_account_by_itself_is_found() {
    let some = |text: &str| Some(text.to_owned());
    let table: Vec<(Change, &[&str])> = vec![
        (Box::new(|_| {}), &[]),
        (
            Box::new(|it| it.asked = vec!["Partner".into()]),
            &["user-type-invalid"],
        ),
        (
            Box::new(|it| it.asked = vec!["Guest".into(), "Guest".into()]),
            &["user-type-invalid"],
        ),
        (
            Box::new(move |it| it.upn = some("a+b@partners.contoso.com")),
            &["upn-invalid"],
        ),
        (
            Box::new(move |it| it.upn = some("müller@partners.contoso.com")),
            &["upn-invalid"],
        ),
        (
            Box::new(move |it| {
                it.upn = some("a@elsewhere.example");
                it.asked = vec!["Guest".into()];
            }),
            &["suffix-unverified"],
        ),
        (
            Box::new(move |it| {
                it.upn = some("a@contoso.com");
                it.asked = vec!["Guest".into()];
            }),
            &["suffix-unfederated"],
        ),
        (
            Box::new(|it| {
                it.upn = None;
                it.asked = vec!["Guest".into()];
            }),
            &["upn-missing"],
        ),
        (
            Box::new(|it| it.immutable_id = None),
            &["immutable-id-missing"],
        ),
        (
            Box::new(|it| it.immutable_id = Some(ImmutableId::parse("ä").unwrap())),
            &["immutable-id-invalid"],
        ),
        (
            // 20 plus signs count 60.
            Box::new(|it| it.immutable_id = Some(ImmutableId::parse("+".repeat(20)).unwrap())),
            &["immutable-id-invalid"],
        ),
        (Box::new(|it| it.mail = None), &["address-missing"]),
        (
            Box::new(move |it| it.mail = some("wendy at home")),
            &["address-invalid"],
        ),
        (
            Box::new(move |it| it.mail = some("wörld@fabrikam.com")),
            &["address-invalid"],
        ),
        (
            Box::new(|it| it.proxy_addresses.push("fabrikam".into())),
            &["address-invalid"],
        ),
        (
            Box::new(|it| it.proxy_addresses.push("SMTP:w@fabrikam.com".into())),
            &["address-invalid"],
        ),
        (
            Box::new(|it| it.proxy_addresses.push("smtp:Wendy@fabrikam.com".into())),
            &["address-invalid"],
        ),
        (
            Box::new(move |it| it.mail = some("wendy@contoso.com")),
            &["address-in-own-domain"],
        ),
        (
            Box::new(move |it| it.refusal = some("it is privileged")),
            &["refused-here"],
        ),
    ];
    for (change, expected) in table {
        let mut account = partner("wendy");
        change(&mut account);
        let told = format!("{account:?}");
        let plan = plan(vec![account]);
        assert_eq!(kinds(&plan.users[0]), expected, "{told}");
        assert_eq!(plan.good, expected.is_empty());
    }
    // Her own cloud UPN may be her address.
    let mut account = partner("wendy");
    account.mail.clone_from(&account.upn);
    assert!(plan(vec![account]).good);
}

#[test]
fn what_two_accounts_cannot_both_have_is_found_with_both() {
    let member = || Listed {
        upn: Some("mia@contoso.com".to_owned()),
        mail: None,
        proxy_addresses: vec!["smtp:WENDY@fabrikam.com".to_owned()],
        ..partner("mia")
    };
    let other = || partner("otto");
    let table: [(Listed, &str, &str); 6] = [
        (other(), "", ""),
        (member(), "address-of-member", "address-duplicate"),
        (
            Listed {
                mail: Some("wendy@FABRIKAM.com".to_owned()),
                ..other()
            },
            "address-duplicate",
            "address-duplicate",
        ),
        (
            Listed {
                upn: Some("Wendy@partners.contoso.com".to_owned()),
                ..other()
            },
            "upn-duplicate",
            "upn-duplicate",
        ),
        (
            Listed {
                proxy_addresses: vec!["smtp:wendy@partners.contoso.com".to_owned()],
                ..other()
            },
            "soft-match",
            "soft-match",
        ),
        (
            Listed {
                immutable_id: partner("wendy").immutable_id,
                ..other()
            },
            "immutable-id-duplicate",
            "immutable-id-duplicate",
        ),
    ];
    for (other, hers, its) in table {
        let plan = plan(vec![partner("wendy"), other]);
        let expected = |kind: &str| match kind {
            "" => Vec::new(),
            kind => vec![kind.to_owned()],
        };
        assert_eq!(kinds(&plan.users[0]), expected(hers), "{plan:?}");
        assert_eq!(kinds(&plan.users[1]), expected(its), "{plan:?}");
        for (user, other) in [(0, 1), (1, 0)] {
            for conflict in &plan.users[user].conflicts {
                assert!(
                    conflict.what.contains(&plan.users[other].dn),
                    "{conflict:?}"
                );
            }
        }
    }
}

#[test]
fn texts_of_partners_stay_texts() {
    let mut account = partner("wendy");
    account.dn = "CN=<script>alert(1)</script>\u{1b}[2J,DC=contoso,DC=com".to_owned();
    account.mail = Some("=1+2@fabrikam.com".to_owned());
    let plan = plan(vec![account]);
    let page = html(&plan).unwrap();
    assert!(page.contains("fabrikam.com") && page.contains("<svg"));
    assert!(!page.contains("<script"), "{page}");
    assert!(!table(&plan).contains('\u{1b}'));
    assert!(table(&plan).contains('\u{fffd}'));
    let csv = csv(&plan);
    assert!(csv.contains(",'=1+2@fabrikam.com,"), "{csv}");
    assert!(csv.contains(",\"CN=<script>"), "{csv}");
    assert!(csv.lines().all(|line| !line.is_empty()));
}

#[test]
fn the_planned_tenant_is_one_and_holds_whom_entra_would_take() {
    let mut refused = partner("admin");
    refused.refusal = Some("it is privileged".to_owned());
    let (mut twin, mut copy) = (partner("twin"), partner("copy"));
    twin.mail = Some("same@fabrikam.com".to_owned());
    copy.mail = twin.mail.clone();
    let mut unverified = partner("elsewhere");
    unverified.upn = Some("elsewhere@adatum.com".to_owned());
    let plan = plan(vec![
        partner("wendy"),
        refused,
        twin,
        copy,
        unverified,
        partner("otto"),
    ]);
    let key = create_signing_key("idp", 30).unwrap();
    let federation = InternalDomainFederation::new(
        ISSUER,
        PreferredAuthenticationProtocol::Saml,
        "https://idp.contoso.com/saml2/sso",
        key.signer.certificate().clone(),
    );
    let federations = vec![(domain("partners.contoso.com"), federation)];
    let parts = planned_tenant(&terms(), federations).unwrap();
    let filled = fill(&plan, parts).unwrap();
    let text = super::tenant_file(&filled).unwrap();
    let tenants = tenant_file::parse(&text, "planned.toml").unwrap();
    let tenant = tenants.first();
    let names: Vec<_> = tenant.domains().iter().map(|it| it.name.as_str()).collect();
    let expected = [
        "contoso.onmicrosoft.com",
        "contoso.com",
        "partners.contoso.com",
    ];
    assert_eq!(names, expected);
    assert_eq!(tenant.federations().count(), 1);
    let users: Vec<_> = tenant
        .users()
        .iter()
        .map(|it| it.user_principal_name.to_string())
        .collect();
    let expected = [
        "wendy@partners.contoso.com",
        "admin@partners.contoso.com",
        "elsewhere@contoso.onmicrosoft.com",
        "otto@partners.contoso.com",
    ];
    assert_eq!(users, expected);
    // Twice the same is the same.
    assert_eq!(fill(&plan, filled.parts()).unwrap().users(), filled.users());

    let nameless = Terms {
        tenant: None,
        ..terms()
    };
    let error = planned_tenant(&nameless, Vec::new()).unwrap_err();
    assert!(matches!(error, TenantFileError::NoTenant));
}

#[test]
fn what_a_sign_in_comes_to_is_told_of_each_account() {
    let with = |change: &dyn Fn(&mut Listed)| {
        let mut account = partner("wendy");
        change(&mut account);
        account
    };
    let upn = |upn: &'static str| with(&move |it| it.upn = Some(upn.to_owned()));
    let mail = |mail: &'static str| with(&move |it| it.mail = Some(mail.to_owned()));
    let table = [
        (
            partner("wendy"),
            "signs-in",
            Some("wendy@partners.contoso.com"),
        ),
        (
            with(&|it| it.refusal = Some("it is privileged".to_owned())),
            "refused-here",
            Some("wendy@partners.contoso.com"),
        ),
        (
            with(&|it| it.state = Some(AccountState::Disabled)),
            "refused-here",
            Some("wendy@partners.contoso.com"),
        ),
        (
            with(&|it| {
                it.upn = Some("wendy@contoso.com".to_owned());
                it.asked = vec!["Guest".to_owned()];
            }),
            "entra-password",
            Some("wendy@contoso.com"),
        ),
        (
            upn("mia@contoso.com"),
            "entra-password",
            Some("mia@contoso.com"),
        ),
        (
            with(&|it| it.asked = vec!["Member".to_owned()]),
            "comes-here",
            Some("wendy@partners.contoso.com"),
        ),
        (
            upn("wendy@adatum.com"),
            "entra-password",
            Some("wendy@contoso.onmicrosoft.com"),
        ),
        (
            mail("w@contoso.com"),
            "nobody",
            Some("wendy@partners.contoso.com"),
        ),
        (
            mail("w@partners.contoso.com"),
            "refused-here",
            Some("wendy@partners.contoso.com"),
        ),
        (with(&|it| it.mail = None), "no-name", None),
        (with(&|it| it.immutable_id = None), "nobody", None),
    ];
    for (account, prediction, held_as) in table {
        let told = format!("{account:?}");
        let plan = plan(vec![account]);
        assert_eq!(plan.users[0].prediction.to_string(), prediction, "{told}");
        assert_eq!(plan.users[0].held_as.as_deref(), held_as, "{told}");
        assert_eq!(plan.counts.predictions.values().sum::<usize>(), 1);
    }
    // Two that Entra would give the same name have it neither.
    let plan = plan(vec![upn("w@adatum.com"), {
        let mut other = partner("otto");
        other.upn = Some("w@fabrikam.com".to_owned());
        other
    }]);
    let held: Vec<_> = plan.users.iter().map(|it| it.held_as.clone()).collect();
    assert_eq!(held, [None, None]);
}

/// A tenant that federates `partners.contoso.com` with this issuer, and holds these users.
fn held(issuer: &str, users: Vec<User>) -> Tenant {
    let name = |text| Initial::parse(text).unwrap();
    let key = create_signing_key("idp", 30).unwrap();
    let federation = InternalDomainFederation::new(
        issuer,
        PreferredAuthenticationProtocol::Saml,
        "https://idp.contoso.com/saml2/sso",
        key.signer.certificate().clone(),
    );
    let domains = vec![
        Domain {
            name: name("contoso.com"),
            authentication: Authentication::Managed,
        },
        Domain {
            name: name("partners.contoso.com"),
            authentication: Authentication::Federated(Box::new(federation)),
        },
    ];
    Tenant::new(name("contoso.onmicrosoft.com"), domains, users).unwrap()
}

#[test]
fn what_entra_holds_already_is_in_the_way_unless_it_is_the_same() {
    let name = |text: &str| SignInName::parse(text).unwrap();
    let user = |upn, anchor: Option<&str>, proxy: Option<&str>, sign_in_name: Option<&str>| User {
        on_premises_immutable_id: anchor.map(|text| text.to_owned().try_into().unwrap()),
        proxy_addresses: proxy
            .map(|text| text.to_owned().try_into().unwrap())
            .into_iter()
            .collect(),
        on_premises_user_principal_name: sign_in_name.map(name),
        ..User::new(name(upn))
    };
    let hers = partner("wendy").immutable_id.unwrap();
    let (email, upn) = ("wendy@fabrikam.com", "wendy@partners.contoso.com");
    let (smtp, other) = (Some("smtp:Wendy@fabrikam.com"), Some("another"));
    let table = [
        (user(upn, Some(hers.as_str()), smtp, Some(email)), ""),
        (user("w@contoso.com", None, None, None), ""),
        (user("w@contoso.com", None, smtp, None), "soft-match"),
        (
            user("w@contoso.com", other, smtp, None),
            "address-duplicate",
        ),
        (user(upn, other, None, None), "upn-duplicate"),
        (
            user("w@contoso.com", other, None, Some(email)),
            "address-of-member",
        ),
    ];
    for (user, expected) in table {
        let told = format!("{user:?}");
        let plan = plan(vec![partner("wendy")]).against(&terms(), &held(ISSUER, vec![user]));
        assert_eq!(kinds(&plan.users[0]).join(" "), expected, "{told}");
        assert_eq!(plan.good, expected.is_empty());
    }
    // Federated domains have no cloud users; where the domain is managed still, there may be one.
    let managed = Tenant::new(
        Initial::parse("contoso.onmicrosoft.com").unwrap(),
        vec![Domain {
            name: Initial::parse("partners.contoso.com").unwrap(),
            authentication: Authentication::Managed,
        }],
        vec![user("WENDY@partners.contoso.com", None, None, None)],
    );
    let plans = |held: &Tenant| {
        let plan = plan(vec![partner("wendy")]).against(&terms(), held);
        kinds(&plan.users[0]).join(" ")
    };
    assert_eq!(plans(&managed.unwrap()), "suffix-unfederated soft-match");
    assert_eq!(
        plans(&held("https://sts.contoso.com/", Vec::new())),
        "suffix-unfederated"
    );
    let empty = Tenant::new(Initial::parse("c.onmicrosoft.com").unwrap(), vec![], vec![]);
    assert_eq!(plans(&empty.unwrap()), "suffix-unverified");
}

#[test]
fn the_rules_say_the_same_in_powershell() {
    let anchor = ImmutableIdSource::ConsistencyGuidThenObjectGuid;
    let script = rules(&terms(), &anchor);
    assert_eq!(script, include_str!("golden/rules.ps1"));
}
