//! `sixpane addr`: decodes a 6PN address, offline.

use std::io::Write as _;

use serde_json::json;

use super::Context;
use crate::address::{Anatomy, Kind, pair};
use crate::cli::args::Addr;
use crate::dns::host::{Host, Typed};
use crate::error::{Error, Exit};
use crate::text::Safe;
use crate::text::escape::dns_operand;

/// Prints the parts of the address.
///
/// # Errors
/// If the address is not of a private network (does not begin with `fdaa`).
pub fn run(context: &mut Context<'_>, args: &Addr) -> Result<Exit, Error> {
    let (Addr { address: text, json }, out) = (args.clone(), &mut context.out);
    let typed = Typed::read(&text).map_err(|error| {
        Error::new(Exit::Usage, format!("`{}` is not a 6PN address", Safe::new(&text))).because(error)
    })?;
    let Host::Address(address) = typed.host else {
        return Err(Error::new(Exit::Usage, format!("`{}` is a name", Safe::new(&text)))
            .hint(format!("sixpane dig {}", dns_operand(&text))));
    };
    let Some(a) = Anatomy::of(address) else {
        return Err(Error::new(Exit::Empty, format!("{address} is not a 6PN address"))
            .why("6PN addresses begin with fdaa")
            .hint("sixpane addr fdaa:0:18:a7b:7d:f066:b83b:2"));
    };
    let (kind, words) = match a.kind() {
        Kind::MachineDns => ("machine-dns", "name server, as reached from a machine"),
        Kind::TunnelDns => ("tunnel-dns", "name server, as reached through a WireGuard tunnel"),
        Kind::Flycast => ("flycast", "Flycast address of an app (host field 0:1)"),
        Kind::Member => ("member", "machine or WireGuard peer"),
    };
    if json {
        let object = json!({
            "schema": "sixpane.addr/1",
            "address": a.address,
            "kind": kind,
            "prefix": a.prefix(),
            "network": pair(a.network),
            "host": pair(a.host),
            "machine": pair(a.machine),
            "free": a.free,
            "subnet": a.subnet(),
            "dns": a.dns(),
        });
        writeln!(out, "{object}")?;
    } else {
        writeln!(out, "Address  {}", a.address)?;
        writeln!(out, "Kind     {words}")?;
        writeln!(out, "Network  {:<14} prefix {}", pair(a.network), a.prefix())?;
        writeln!(out, "Host     {}", pair(a.host))?;
        writeln!(out, "Machine  {:<14} subnet {}", pair(a.machine), a.subnet())?;
        writeln!(out, "Free     {:x}", a.free)?;
        writeln!(out, "DNS      {:<14} through a tunnel; fdaa::3 from a machine", a.dns())?;
    }
    Ok(Exit::Ok)
}
