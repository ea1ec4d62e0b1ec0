use super::{Domain, DomainName, InternalDomainFederation, ObjectId, Tenant, TenantError};

/// All tenants of the simulated Entra, at least one.
///
/// What has to be unique over the whole of Entra is: a domain is verified in one tenant, and an
/// `issuerUri` is registered once (facts 4.1).
#[derive(Clone, Debug)]
pub struct Tenants {
    first: Tenant,
    others: Vec<Tenant>,
}

impl Tenants {
    /// Puts tenants together. The first one is whose applications are simulated.
    ///
    /// # Errors
    /// When there is none, or two claim the same.
    pub fn new(tenants: Vec<Tenant>) -> Result<Self, TenantError> {
        let mut tenants = tenants.into_iter();
        let mut together = Self::from(tenants.next().ok_or(TenantError::NoTenant)?);
        for tenant in tenants {
            together.admit(tenant)?;
        }
        Ok(together)
    }

    /// The tenant whose applications are simulated.
    pub fn first(&self) -> &Tenant {
        &self.first
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &Tenant> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The tenant in which a domain is verified.
    pub fn of_domain(&self, domain: &DomainName) -> Option<&Tenant> {
        self.iter().find(|tenant| tenant.domain(domain).is_some())
    }

    /// The tenant that an address names: by any of its domains, or by its id.
    pub fn at_address(&self, segment: &str) -> Option<&Tenant> {
        if let Ok(id) = ObjectId::parse(segment) {
            return self.iter().find(|tenant| *tenant.id() == id);
        }
        self.of_domain(&DomainName::parse(segment).ok()?)
    }

    /// Whose federation has this issuer.
    pub fn of_issuer(&self, issuer: &str) -> Option<(&Tenant, &Domain, &InternalDomainFederation)> {
        self.iter().find_map(|tenant| {
            let (domain, federation) = tenant
                .federations()
                .find(|(_, federation)| federation.issuer_uri == issuer)?;
            Some((tenant, domain, federation))
        })
    }

    /// The same tenants with this one in place of that of its name, or besides them.
    ///
    /// # Errors
    /// When it claims what is another's.
    pub fn with(&self, tenant: Tenant) -> Result<Self, TenantError> {
        let others = self.iter().filter(|old| old.name() != tenant.name());
        fits(&tenant, others)?;
        let mut changed = self.clone();
        let old = std::iter::once(&mut changed.first)
            .chain(&mut changed.others)
            .find(|old| old.name() == tenant.name());
        match old {
            Some(old) => *old = tenant,
            None => changed.others.push(tenant),
        }
        Ok(changed)
    }

    fn admit(&mut self, tenant: Tenant) -> Result<(), TenantError> {
        fits(&tenant, self.iter())?;
        self.others.push(tenant);
        Ok(())
    }
}

/// Whether a tenant claims nothing that is another's.
fn fits<'t>(tenant: &Tenant, others: impl Iterator<Item = &'t Tenant>) -> Result<(), TenantError> {
    for other in others {
        let taken = |domain: &&Domain| other.domain(&domain.name).is_some();
        if let Some(domain) = tenant.domains().iter().find(taken) {
            return Err(TenantError::VerifiedElsewhere {
                domain: domain.name.clone(),
                tenant: other.name().clone(),
            });
        }
        for (domain, federation) in tenant.federations() {
            let issuer = &federation.issuer_uri;
            if let Some(first) = other.domain_of_issuer(issuer) {
                return Err(TenantError::IssuerTwice {
                    issuer: issuer.clone(),
                    first: first.name.clone(),
                    second: domain.name.clone(),
                });
            }
        }
    }
    Ok(())
}

/// One tenant, and no other.
impl From<Tenant> for Tenants {
    fn from(tenant: Tenant) -> Self {
        Self {
            first: tenant,
            others: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture::{self, CURRENT, ISSUER, domain, federated, federation, managed};

    fn fabrikam(domains: Vec<Domain>) -> Tenant {
        Tenant::new(domain("fabrikam.onmicrosoft.com"), domains, vec![]).unwrap()
    }

    #[test]
    fn a_domain_and_an_issuer_belong_to_one_tenant() {
        let both = |other| Tenants::new(vec![fixture::contoso(), other]);
        assert!(both(fabrikam(vec![managed("fabrikam.com")])).is_ok());
        assert_eq!(
            both(fabrikam(vec![managed("contoso.com")])).unwrap_err(),
            TenantError::VerifiedElsewhere {
                domain: domain("contoso.com"),
                tenant: domain("contoso.onmicrosoft.com"),
            }
        );
        let same_issuer = federated("fabrikam.com", federation(ISSUER, CURRENT.certificate()));
        assert_eq!(
            both(fabrikam(vec![same_issuer])).unwrap_err(),
            TenantError::IssuerTwice {
                issuer: ISSUER.to_owned(),
                first: domain("partners.contoso.com"),
                second: domain("fabrikam.com"),
            }
        );
        assert!(matches!(
            both(fixture::contoso()),
            Err(TenantError::VerifiedElsewhere { .. })
        ));
        assert_eq!(Tenants::new(vec![]).unwrap_err(), TenantError::NoTenant);
    }

    #[test]
    fn an_address_names_a_tenant_by_a_domain_or_by_its_id() {
        let tenants = Tenants::from(fixture::contoso())
            .with(fabrikam(vec![managed("fabrikam.com")]))
            .unwrap();
        let at = |segment: &str| tenants.at_address(segment).map(|it| it.name().to_string());
        let fabrikam = Some("fabrikam.onmicrosoft.com".to_owned());
        assert_eq!(at("fabrikam.com"), fabrikam);
        assert_eq!(at("Fabrikam.OnMicrosoft.com"), fabrikam);
        let id = tenants.at_address("fabrikam.com").unwrap().id().to_string();
        assert_eq!(at(&id.to_uppercase()), fabrikam);
        for nobody in [
            "adatum.com",
            "",
            "com",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        ] {
            assert_eq!(at(nobody), None, "{nobody}");
        }
        let again = tenants.with(fixture::contoso_by_ws_federation()).unwrap();
        assert_eq!(again.iter().count(), 2);
        assert_eq!(again.first().name().as_str(), "contoso.onmicrosoft.com");
    }
}
