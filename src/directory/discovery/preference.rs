//! In which order the servers of a service are tried (RFC 2782).

use aws_lc_rs::{
    digest::{Context, SHA256},
    rand,
};

use super::message::Service;

/// Decides among servers of the same priority: by chance, as their weights say, but always the
/// same way in one process.
///
/// Drawing anew at each look-up would send this process to another server each time, over new
/// connections. So the draw depends on nothing but this seed and the server's own name: it stays
/// as it is while other servers come and go.
#[derive(Clone)]
pub(super) struct Chance([u8; 16]);

impl Chance {
    pub(super) fn new() -> Self {
        let mut seed = [0; 16];
        // Without randomness all processes prefer the same servers, and nothing else is lost.
        let _ = rand::fill(&mut seed);
        Self(seed)
    }

    /// Puts servers in order, each once.
    pub(super) fn order(&self, mut services: Vec<Service>) -> Vec<Service> {
        services.sort_by(|a, b| {
            let by_chance = || self.draw(a).total_cmp(&self.draw(b));
            let by_priority = a.priority.cmp(&b.priority);
            by_priority
                .then_with(by_chance)
                .then_with(|| (&a.target, a.port).cmp(&(&b.target, b.port)))
        });
        let mut seen = Vec::new();
        services.retain(|service| {
            let server = (service.target.to_ascii_lowercase(), service.port);
            let is_new = !seen.contains(&server);
            seen.push(server);
            is_new
        });
        services
    }

    /// When a server of this weight would be drawn, smallest first: exponentially distributed
    /// times with the weights as rates come in the order that RFC 2782 draws one by one.
    fn draw(&self, service: &Service) -> f64 {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(&service.port.to_be_bytes());
        context.update(service.target.to_ascii_lowercase().as_bytes());
        let digest = context.finish();
        let octets = digest.as_ref().first_chunk().copied().unwrap_or_default();
        let uniform = (f64::from(u32::from_be_bytes(octets)) + 1.0) / (f64::from(u32::MAX) + 1.0);
        // Weight 0 is for servers with "a very small chance of being selected".
        let weight = f64::from(service.weight).max(0.01);
        -uniform.ln() / weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, target: &str) -> Service {
        Service {
            priority,
            weight,
            port: 389,
            target: target.to_owned(),
        }
    }

    fn order(chance: &Chance, services: &[Service]) -> Vec<String> {
        let order = chance.order(services.to_vec()).into_iter();
        order.map(|service| service.target).collect()
    }

    #[test]
    fn priority_goes_first_then_chance_by_weight() {
        let services = [
            service(10, 100, "far"),
            service(0, 0, "spare"),
            service(0, 20, "small"),
            service(0, 60, "large"),
            service(0, 20, "other"),
        ];
        let mut first = std::collections::HashMap::<String, u32>::new();
        for _ in 0..4000 {
            let order = order(&Chance::new(), &services);
            assert_eq!(order[4], "far");
            *first.entry(order[0].clone()).or_default() += 1;
        }
        // Six standard deviations are 186 and 152.
        assert!(first["large"].abs_diff(2400) < 186, "{first:?}");
        assert!(first["small"].abs_diff(800) < 152, "{first:?}");
        assert!(first["other"].abs_diff(800) < 152, "{first:?}");
        assert!(
            first.get("spare").copied().unwrap_or_default() < 20,
            "{first:?}"
        );
    }

    #[test]
    fn the_order_stays_while_others_come_and_go() {
        let chance = Chance::new();
        let services: Vec<_> = (0..16)
            .map(|i| service(0, 100, &format!("dc{i}")))
            .collect();
        let all = order(&chance, &services);
        let mut reversed = services.clone();
        reversed.reverse();
        assert_eq!(order(&chance, &reversed), all);
        let fewer = order(&chance, &services[4..]);
        let left: Vec<_> = all
            .into_iter()
            .filter(|name| fewer.contains(name))
            .collect();
        assert_eq!(fewer, left);
    }

    #[test]
    fn a_server_that_is_named_twice_counts_once() {
        let chance = Chance::new();
        let services = [
            service(5, 1, "DC1"),
            service(0, 1, "dc1"),
            service(1, 1, "dc2"),
        ];
        assert_eq!(order(&chance, &services), ["dc1", "dc2"]);
    }
}
