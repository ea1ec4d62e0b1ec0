use hyper::Uri;

/// Which of Microsoft's clouds a tenant is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one.
    #[default]
    Global,
    /// Azure Government (L4, GCC High).
    UsGovernment,
    /// Azure Government for the Department of Defense (L5).
    UsGovernmentDod,
    /// Operated by 21Vianet.
    China,
}

/// Where Graph and the token endpoint are.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Scheme and host of Graph.
    pub graph: Uri,
    /// Scheme and host of the token endpoint.
    pub login: Uri,
}

impl Cloud {
    /// The host of Graph.
    pub fn graph_host(self) -> &'static str {
        match self {
            Self::Global => "graph.microsoft.com",
            Self::UsGovernment => "graph.microsoft.us",
            Self::UsGovernmentDod => "dod-graph.microsoft.us",
            Self::China => "microsoftgraph.chinacloudapi.cn",
        }
    }

    /// The host that people and programs sign in at.
    pub fn login_host(self) -> &'static str {
        match self {
            Self::Global => "login.microsoftonline.com",
            Self::UsGovernment | Self::UsGovernmentDod => "login.microsoftonline.us",
            Self::China => "login.partner.microsoftonline.cn",
        }
    }

    /// `-Environment` of `Connect-MgGraph`.
    pub fn powershell_environment(self) -> &'static str {
        match self {
            Self::Global => "Global",
            Self::UsGovernment => "USGov",
            Self::UsGovernmentDod => "USGovDoD",
            Self::China => "China",
        }
    }

    /// Entra's entity ID towards identity providers.
    pub fn entity_id(self) -> &'static str {
        match self {
            Self::Global => "urn:federation:MicrosoftOnline",
            Self::UsGovernment | Self::UsGovernmentDod => "urn:federation:microsoftonline.us",
            Self::China => "urn:federation:partner.microsoftonline.cn",
        }
    }

    /// Where answers of identity providers go.
    pub fn assertion_consumer_service(self) -> String {
        format!("https://{}/login.srf", self.login_host())
    }
}

impl Endpoints {
    /// Those of a cloud.
    pub fn of(cloud: Cloud) -> Self {
        let at = |host: &'static str| {
            Uri::builder()
                .scheme("https")
                .authority(host)
                .path_and_query("/")
                .build()
                .unwrap_or_default()
        };
        Self {
            graph: at(cloud.graph_host()),
            login: at(cloud.login_host()),
        }
    }
}
