//! A small part of Microsoft Graph, by its own addresses, to read and change tenants while the
//! simulator runs.
//!
//! Once an application has been given permissions, each call needs its token, as at the real one; until
//! then, whoever reaches the listener is the administrator. What a page of another
//! site could send without the browser asking first is not taken, so that nobody's browser is used
//! for it: bodies have to be `application/json`.

mod access;
mod applications;
mod body;
mod call;
mod delta;
mod domains;
mod error;
mod faults;
mod federation;
mod policies;
mod service_principals;
mod users;

use hyper::{Method, StatusCode, header::ALLOW, header::HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};

use time::OffsetDateTime;

use super::{DomainName, ObjectId, Simulator, Tenant, instant, open_id::document};
use crate::http::{Request, Response, response};
use body::Body;
use error::GraphError;

use call::Resource;
pub(super) use {call::Call, delta::Deltas, faults::Faults};

/// What comes back.
enum Answer {
    /// 200, or 201 for what was made.
    Document(StatusCode, Value),
    /// 204.
    Nothing,
}

impl Simulator {
    /// Answers a call.
    pub(super) fn graph(&self, call: &Call<'_>, method: &Method, request: &Request) -> Response {
        if call.rest == "simulator/faults" {
            return match self.faults.order(method, request) {
                Ok(_) => response::text(StatusCode::NO_CONTENT, ""),
                Err(error) => refuse(&error),
            };
        }
        let fault = self.faults.strike(method, call.rest);
        if let Some(fault) = fault.as_ref().filter(|fault| !fault.is_done()) {
            return fault.answer();
        }
        let answer = self.graph_said(call, method, request);
        match fault {
            Some(fault) => fault.answer(),
            None => answer,
        }
    }

    fn graph_said(&self, call: &Call<'_>, method: &Method, request: &Request) -> Response {
        let resource = call.resource();
        let access = self.graph_access(resource.as_ref(), method, request);
        let answer = access.and_then(|own| match &resource {
            None => Err(GraphError::not_found(call.rest)),
            Some(resource) => self.graph_answer(call, own.as_ref(), resource, method, request),
        });
        match answer {
            Ok(Answer::Document(status, value)) => document(status, &value),
            Ok(Answer::Nothing) => response::text(StatusCode::NO_CONTENT, ""),
            Err(error) => refuse(&error),
        }
    }

    fn graph_answer(
        &self,
        call: &Call<'_>,
        own: Option<&DomainName>,
        resource: &Resource,
        method: &Method,
        request: &Request,
    ) -> Result<Answer, GraphError> {
        let tenants = self.tenants();
        let tenant = match own.and_then(|own| tenants.of_domain(own)) {
            Some(own) => own,
            None => call.tenant(&tenants)?,
        };
        if *method == Method::GET {
            if matches!(resource, Resource::UsersDelta) {
                return self.users_delta(&tenants, tenant, request.raw_query());
            }
            return read(tenant, resource);
        }
        let allowed = changes(resource);
        if !allowed.contains(method) {
            return Err(GraphError::NotAllowed(allow(allowed)));
        }
        let body = match *method {
            Method::DELETE => Body::default(),
            _ if matches!(resource, Resource::Promote(_)) => Body::of_json_or_nothing(request)?,
            _ => Body::of(request)?,
        };
        let name = tenant.name().clone();
        let writer = match own {
            Some(_) => users::Writer::Application,
            None => users::Writer::Anybody,
        };
        self.change(&name, resource, method, body, writer)
    }

    fn change(
        &self,
        tenant: &DomainName,
        resource: &Resource,
        method: &Method,
        body: Body,
        writer: users::Writer,
    ) -> Result<Answer, GraphError> {
        let mut answer = Answer::Nothing;
        self.change_tenant(tenant, |tenant| {
            let (changed, said) = match (resource, method) {
                (Resource::Domains, _) => domains::create(tenant, body)?,
                (Resource::Domain(id), &Method::DELETE) => domains::delete(tenant, id)?,
                (Resource::Domain(id), _) => domains::update(tenant, id, body)?,
                (Resource::Promote(id), _) => domains::promote(tenant, id)?,
                (Resource::FederationConfiguration(id), _) => federation::create(tenant, id, body)?,
                (Resource::Federation(id, federation), &Method::DELETE) => {
                    federation::delete(tenant, id, federation)?
                }
                (Resource::Federation(id, federation), _) => {
                    federation::update(tenant, id, federation, body)?
                }
                (Resource::Users, _) => users::create(tenant, body, writer)?,
                (Resource::User(id), &Method::DELETE) => users::delete(tenant, id, writer)?,
                (Resource::User(id), _) => users::update(tenant, id, body, writer)?,
                (Resource::HomeRealmDiscoveryPolicies, _) => {
                    policies::create_discovery(tenant, body)?
                }
                (Resource::HomeRealmDiscoveryPolicy(id), &Method::DELETE) => {
                    policies::delete_discovery(tenant, id)?
                }
                (Resource::Applications, _) => applications::create(tenant, body)?,
                (Resource::Application(id), _) => applications::delete(tenant, id)?,
                (Resource::HomeRealmDiscoveryPolicy(id), _) => {
                    policies::update_discovery(tenant, id, body)?
                }
                (Resource::PolicyReferences(id), _) => {
                    service_principals::assign(tenant, id, &body)?
                }
                (Resource::PolicyReference(id, policy), _) => {
                    service_principals::withdraw(tenant, id, policy)?
                }
                (Resource::FederatedTokenValidationPolicy, _) => {
                    policies::update_validation(tenant, body)?
                }
                (
                    Resource::Organization
                    | Resource::UsersDelta
                    | Resource::PolicyAppliesTo(_)
                    | Resource::ServicePrincipals
                    | Resource::ServicePrincipal(_)
                    | Resource::PoliciesOf(_),
                    _,
                ) => {
                    return Err(GraphError::NotAllowed("GET"));
                }
            };
            answer = said;
            Ok(changed)
        })?;
        tracing::info!(%tenant, ?resource, %method, "the tenant is changed");
        Ok(answer)
    }
}

fn read(tenant: &Tenant, resource: &Resource) -> Result<Answer, GraphError> {
    Ok(ok(match resource {
        Resource::Organization => collection([organization(tenant)]),
        Resource::Domains => collection(domains::all(tenant).map(|it| plain(&it))),
        Resource::Domain(id) => domains::one(tenant, id)?,
        Resource::Promote(_) | Resource::PolicyReferences(_) => {
            return Err(GraphError::NotAllowed("POST"));
        }
        Resource::FederationConfiguration(id) => collection(federation::all(tenant, id)?),
        Resource::Federation(id, federation) => federation::one(tenant, id, federation)?,
        Resource::Users | Resource::UsersDelta => collection(tenant.users().iter().map(plain)),
        Resource::User(id) => plain(users::find(tenant, id)?),
        Resource::Applications => collection(tenant.applications().iter().map(applications::shown)),
        Resource::Application(id) => applications::shown(applications::find(tenant, id)?),
        Resource::HomeRealmDiscoveryPolicies => collection(policies::all(tenant)),
        Resource::HomeRealmDiscoveryPolicy(id) => policies::one(tenant, id)?,
        Resource::PolicyAppliesTo(id) => collection(service_principals::with_policy(tenant, id)?),
        Resource::ServicePrincipals => collection(service_principals::all(tenant)),
        Resource::ServicePrincipal(id) => service_principals::one(tenant, id)?,
        Resource::PoliciesOf(id) => collection(service_principals::policies_of(tenant, id)?),
        Resource::PolicyReference(..) => return Err(GraphError::NotAllowed("DELETE")),
        Resource::FederatedTokenValidationPolicy => policies::validation(tenant),
    }))
}

fn changes(resource: &Resource) -> &'static [Method] {
    match resource {
        Resource::Organization
        | Resource::UsersDelta
        | Resource::PolicyAppliesTo(_)
        | Resource::ServicePrincipals
        | Resource::ServicePrincipal(_)
        | Resource::PoliciesOf(_) => &[],
        Resource::Domains
        | Resource::HomeRealmDiscoveryPolicies
        | Resource::PolicyReferences(_)
        | Resource::Promote(_)
        | Resource::FederationConfiguration(_)
        | Resource::Users
        | Resource::Applications => &[Method::POST],
        Resource::Application(_) | Resource::PolicyReference(..) => &[Method::DELETE],
        Resource::Domain(_)
        | Resource::Federation(..)
        | Resource::User(_)
        | Resource::HomeRealmDiscoveryPolicy(_) => &[Method::PATCH, Method::DELETE],
        // Microsoft's guide says PATCH, and its reference PUT.
        Resource::FederatedTokenValidationPolicy => &[Method::PATCH, Method::PUT],
    }
}

fn allow(changes: &[Method]) -> &'static str {
    match changes {
        [] => "GET",
        [Method::POST] => "GET, POST",
        [Method::DELETE] => "GET, DELETE",
        [Method::PATCH, Method::PUT] => "GET, PATCH, PUT",
        _ => "GET, PATCH, DELETE",
    }
}

fn organization(tenant: &Tenant) -> Value {
    let domains: Vec<Value> = domains::all(tenant)
        .map(|domain| {
            json!({
                "name": domain.id,
                "type": domain.authentication_type,
                "isDefault": domain.is_default,
                "isInitial": domain.is_initial,
            })
        })
        .collect();
    json!({
        "id": tenant.id(),
        "displayName": tenant.display_name(),
        "verifiedDomains": domains,
    })
}

fn ok(value: Value) -> Answer {
    Answer::Document(StatusCode::OK, value)
}

fn created(value: Value) -> Answer {
    Answer::Document(StatusCode::CREATED, value)
}

/// A list as `OData` writes it.
fn collection(items: impl IntoIterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.into_iter().collect();
    json!({ "value": items })
}

/// What a part of the model is in JSON; none of them can fail to be.
fn plain(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// The same with a property more.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(properties) = object.as_object_mut() {
        properties.insert(name.to_owned(), value);
    }
    object
}

fn refuse(error: &GraphError) -> Response {
    let id = ObjectId::new();
    let mut content = json!({"error": {
        "code": error.code(),
        "message": error.to_string(),
        "innerError": {
            "date": instant::to_seconds(OffsetDateTime::now_utc()),
            "request-id": id,
            "client-request-id": id,
        },
    }});
    if let GraphError::Conflict { property, .. } = error
        && let Some(said) = content.get_mut("error").and_then(Value::as_object_mut)
    {
        let detail = json!({
            "code": "ObjectConflict",
            "message": error.to_string(),
            "target": property,
        });
        said.insert("details".to_owned(), json!([detail]));
    }
    let mut answer = document(error.status(), &content);
    if let GraphError::NotAllowed(methods) = error {
        let methods = HeaderValue::from_static(methods);
        answer.headers_mut().insert(ALLOW, methods);
    }
    answer
}

#[cfg(test)]
mod tests;
