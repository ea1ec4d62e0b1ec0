use super::*;
use crate::entra::{
    ProxyAddress, TenantParts,
    fixture::{self, name, user},
};

/// Contoso and Fabrikam, Contoso changed.
fn with(change: impl FnOnce(&mut TenantParts)) -> Tenants {
    let mut parts = fixture::contoso().parts();
    change(&mut parts);
    Tenants::from(Tenant::build(parts).unwrap())
        .with(fixture::fabrikam())
        .unwrap()
}

/// User, realm and property, or the code.
fn ask(tenants: &Tenants, typed: &str, at: &str, resolve: bool) -> Result<String, Aadsts> {
    let address = tenants
        .at_address(at)
        .map_or(Address::Common, Address::Tenanted);
    let found = discover(tenants, &name(typed), address, resolve).map_err(|no| no.code)?;
    let realm = match found.realm {
        Realm::Managed => "managed".to_owned(),
        Realm::Federated(domain, _) => domain.name.to_string(),
    };
    let user = found.user.map(|user| user.user_principal_name.to_string());
    let user = user.as_deref().unwrap_or("nobody");
    Ok(format!("{user} {realm} {:?}", found.found_by))
}

#[test]
fn a_name_leads_to_the_realm_of_the_cloud_upn() {
    const CONTOSO: &str = "contoso.onmicrosoft.com";
    const COMMON: &str = "common";
    let wendy = "wmoran@partners.contoso.com partners.contoso.com";
    let by_email = format!("{wendy} OnPremisesUserPrincipalName");
    let by_upn = format!("{wendy} UserPrincipalName");
    // The same email is a name of Fabrikam's own, and Fabrikam is a tenant, too.
    let at_home = "wmoran@fabrikam.com fabrikam.com UserPrincipalName";
    let emil = "emil@emea.partners.contoso.com partners.contoso.com UserPrincipalName";
    let nobodys = "nobody partners.contoso.com Domain";
    let nobody = Err(Aadsts::UserAccountNotFound);
    let no_tenant = Err(Aadsts::MissingTenantRealm);
    let table: &[(&str, &str, bool, Result<&str, Aadsts>)] = &[
        ("wmoran@fabrikam.com", CONTOSO, true, Ok(&by_email)),
        ("WMoran@FABRIKAM.com", "contoso.com", true, Ok(&by_email)),
        ("wmoran@fabrikam.com", CONTOSO, false, Ok(at_home)),
        ("wmoran@fabrikam.com", COMMON, true, Ok(at_home)),
        ("wmoran@fabrikam.com", "fabrikam.com", true, Ok(at_home)),
        ("vera@nordwind.example", CONTOSO, true, nobody),
        ("emil@nordwind.example", CONTOSO, false, nobody),
        ("emil@nordwind.example", COMMON, true, no_tenant),
        ("wmoran@partners.contoso.com", CONTOSO, true, Ok(&by_upn)),
        ("wmoran@partners.contoso.com", CONTOSO, false, Ok(&by_upn)),
        ("wmoran@partners.contoso.com", COMMON, true, Ok(&by_upn)),
        // Contoso's user at an address of Fabrikam's.
        (
            "wmoran@partners.contoso.com",
            "fabrikam.com",
            true,
            Ok(&by_upn),
        ),
        ("emil@emea.partners.contoso.com", CONTOSO, true, Ok(emil)),
        ("shared@fabrikam.com", CONTOSO, true, nobody),
        // Nobody's at Contoso; Fabrikam's identity provider would have to tell.
        (
            "nobody@fabrikam.com",
            CONTOSO,
            true,
            Ok("nobody fabrikam.com Domain"),
        ),
        // Somebody's onPremisesUserPrincipalName, but not of a foreign domain.
        ("boss@contoso.com", CONTOSO, true, nobody),
        ("nobody@contoso.com", COMMON, true, nobody),
        ("nobody@partners.contoso.com", CONTOSO, true, Ok(nobodys)),
        ("nobody@partners.contoso.com", COMMON, true, Ok(nobodys)),
        (
            "mia@contoso.com",
            CONTOSO,
            true,
            Ok("mia@contoso.com managed UserPrincipalName"),
        ),
        (
            "fallen@fabrikam.com",
            CONTOSO,
            true,
            Ok("fallen@contoso.onmicrosoft.com managed OnPremisesUserPrincipalName"),
        ),
    ];
    let tenants = with(|_| ());
    for (typed, address, resolve, expected) in table {
        assert_eq!(
            ask(&tenants, typed, address, *resolve),
            expected.map(str::to_owned),
            "{typed} at {address}, resolving {resolve}"
        );
    }
    // Where Fabrikam is no tenant, its people belong nowhere.
    let alone = Tenants::from(fixture::contoso());
    assert_eq!(
        ask(&alone, "wmoran@fabrikam.com", COMMON, true),
        no_tenant.map(str::to_owned)
    );
    assert_eq!(
        ask(&alone, "wmoran@fabrikam.com", CONTOSO, false),
        nobody.map(str::to_owned)
    );
}

#[test]
fn an_email_of_two_users_is_said_to_be_ambiguous() {
    let tenants = with(|_| ());
    let refused = discover(
        &tenants,
        &name("shared@fabrikam.com"),
        Address::Tenanted(tenants.first()),
        true,
    )
    .unwrap_err();
    assert!(
        refused.detail.contains("More than one"),
        "{}",
        refused.detail
    );
}

/// Facts 5.4: another feature, for managed users and addresses in verified domains.
#[test]
fn email_as_an_alternate_login_id_is_for_managed_domains() {
    let mail = |text: &str| ProxyAddress::Secondary(name(text));
    let tenants = |enabled| {
        with(|parts| {
            parts.home_realm_discovery.alternate_id_login.enabled = enabled;
            let [mia, wendy] = ["mia@contoso.com", "wmoran@partners.contoso.com"].map(name);
            for user in &mut parts.users {
                if user.user_principal_name == mia {
                    let own = ["m.berger@contoso.com", "admin@contoso.onmicrosoft.com"];
                    user.proxy_addresses = own.map(mail).to_vec();
                    user.proxy_addresses.push(mail("mia@adatum.com"));
                } else if user.user_principal_name == wendy {
                    let own = ["wendy@partners.contoso.com", "wendy@contoso.com"];
                    user.proxy_addresses = own.map(mail).to_vec();
                }
            }
            let cloud_only = user("other@contoso.com", None, None);
            parts.users.push(cloud_only);
        })
    };
    let mia = "mia@contoso.com managed ProxyAddresses".to_owned();
    let nobody = Err(Aadsts::UserAccountNotFound);
    let on = tenants(true);
    for at in ["contoso.com", "common"] {
        assert_eq!(ask(&on, "M.Berger@contoso.com", at, true), Ok(mia.clone()));
        assert_eq!(
            ask(&tenants(false), "m.berger@contoso.com", at, true),
            nobody
        );
        // Wendy is in a federated domain: her proxy addresses are no names, and only what the domain
        // of one is decides.
        assert_eq!(ask(&on, "wendy@contoso.com", at, true), nobody);
        let to_idp = Ok("nobody partners.contoso.com Domain".to_owned());
        assert_eq!(ask(&on, "wendy@partners.contoso.com", at, true), to_idp);
    }
    for (tenants, typed, said) in [
        (&on, "wendy@contoso.com", "for managed domains only"),
        (
            &tenants(false),
            "m.berger@contoso.com",
            "AlternateIdLogin is not enabled",
        ),
        (&on, "nobody@contoso.com", "as userPrincipalName"),
    ] {
        let address = Address::Tenanted(tenants.first());
        let refusal = discover(tenants, &name(typed), address, true).unwrap_err();
        assert!(refusal.detail.contains(said), "{typed}: {}", refusal.detail);
    }
    // Not of a verified domain.
    assert_eq!(ask(&on, "mia@adatum.com", "contoso.com", true), nobody);
    // A cloud-only user's UPN that is somebody's proxy address.
    let admin = "admin@contoso.onmicrosoft.com";
    assert_eq!(ask(&on, admin, "contoso.com", true), nobody);
    assert_eq!(
        ask(&tenants(false), admin, "contoso.com", true),
        Ok(format!("{admin} managed UserPrincipalName"))
    );
    assert_eq!(
        ask(&on, "other@contoso.com", "contoso.com", true),
        Ok("other@contoso.com managed UserPrincipalName".to_owned())
    );
}
