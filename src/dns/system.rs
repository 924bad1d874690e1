//! The system's name servers, as used by other programs.

use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};

use super::client::PORT;

/// Addresses in the system's order; empty if there are none, or the configuration is unreadable.
pub fn servers() -> Vec<IpAddr> {
    let Ok((config, _)) = hickory_resolver::system_conf::read_system_conf() else { return Vec::new() };
    let mut servers: Vec<IpAddr> = Vec::new();
    for server in config.name_servers {
        if !servers.contains(&server.ip) {
            servers.push(server.ip);
        }
    }
    servers
}

/// Socket address of `server`; IPv4 as a mapped address.
pub fn place(server: IpAddr) -> SocketAddrV6 {
    let address: Ipv6Addr = match server {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    SocketAddrV6::new(address, PORT, 0, 0)
}
