package dhcp4

import (
	"reflect"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// unsupportedKeys lists what Kea 2.2 to 3.0 knows and this server does not,
// with the remedy. Keys that nobody knows are not listed: they are mistakes.
func unsupportedKeys() keajson.Unsupported {
	const (
		hosts    = `write the reservations into the file, under "reservations"`
		database = "it is for a database server, and leases are kept in a file; remove it"
		over6    = "DHCPv4 over DHCPv6 is not served; remove it"
		adaptive = "lifetimes do not depend on how full the pools are; remove it"
		ddns     = "it has moved; give it globally, as "
	)
	return keajson.Unsupported{
		reflect.TypeFor[Config](): {
			"hosts-database":                hosts,
			"hosts-databases":               hosts,
			"config-control":                "the configuration is this file; write all of it here",
			"dhcp4o6-port":                  over6,
			"stash-agent-options":           "relay agent options are not kept for renewals that come without them; remove it",
			"adaptive-lease-time-threshold": adaptive,
		},
		reflect.TypeFor[SharedNetwork](): {"adaptive-lease-time-threshold": adaptive},
		reflect.TypeFor[Subnet](): {
			"4o6-interface":                 over6,
			"4o6-interface-id":              over6,
			"4o6-subnet":                    over6,
			"adaptive-lease-time-threshold": adaptive,
		},
		reflect.TypeFor[ClientClass](): {"template-test": `write a class with a "test" for each value`},
		reflect.TypeFor[LeaseDatabase](): {
			"user": database, "password": database, "password-file": database, "host": database, "port": database,
			"readonly": database, "connect-timeout": database, "read-timeout": database, "write-timeout": database,
			"tcp-user-timeout": database, "max-reconnect-tries": database, "reconnect-wait-time": database,
			"on-fail": database, "retry-on-startup": database, "trust-anchor": database, "cert-file": database,
			"key-file": database, "ssl-mode": database, "cipher-list": database, "keyspace": database,
			"consistency": database, "serial-consistency": database, "contact-points": database,
			"request-timeout": database, "tcp-keepalive": database, "tcp-nodelay": database,
		},
		reflect.TypeFor[ctrl.SocketConfig]():   {"http-headers": "answers have no headers but their own; remove it"},
		reflect.TypeFor[ctrl.Authentication](): {"directory": `write "user" and "password" here`},
		reflect.TypeFor[ctrl.Credentials](): {
			"user-file":     `write "user" here`,
			"password-file": `write "password" here`,
		},
		reflect.TypeFor[DHCPDDNS](): {
			"override-no-update":        ddns + "ddns-override-no-update",
			"override-client-update":    ddns + "ddns-override-client-update",
			"replace-client-name":       ddns + "ddns-replace-client-name",
			"generated-prefix":          ddns + "ddns-generated-prefix",
			"qualifying-suffix":         ddns + "ddns-qualifying-suffix",
			"hostname-char-set":         ddns + "hostname-char-set",
			"hostname-char-replacement": ddns + "hostname-char-replacement",
		},
	}
}

// dropUnsupported reports values that are not supported and sets them to
// what this server does.
func (c *Config) dropUnsupported(report *keajson.Report) {
	if d := c.LeaseDatabase; d != nil {
		fixed := *d
		switch d.Type {
		case "mysql", "postgresql", "cql":
			report.Unsupportedf("lease-database.type", `leases are kept in a file, not in %s; write "memfile"`, d.Type)
			fixed.Type = "memfile"
		}
		if d.Persist != nil && !*d.Persist {
			report.Unsupportedf("lease-database.persist", "leases are always kept on disk; remove it")
			fixed.Persist = nil
		}
		c.LeaseDatabase = &fixed
	}
	if d := c.DHCPDDNS; d != nil && d.EnableUpdates {
		report.Unsupportedf("dhcp-ddns.enable-updates", `DNS is not updated; write "enable-updates": false`)
		fixed := *d
		fixed.EnableUpdates = false
		c.DHCPDDNS = &fixed
	}
	if q := c.DHCPQueueControl; q != nil && q.EnableQueue {
		report.Unsupportedf("dhcp-queue-control.enable-queue", `the server bounds the queries in flight itself; write "enable-queue": false`)
		fixed := *q
		fixed.EnableQueue = false
		c.DHCPQueueControl = &fixed
	}
	if s := c.SanityChecks; s != nil && (s.LeaseChecks == "fix" || s.LeaseChecks == "fix-del" || s.LeaseChecks == "del") {
		report.Unsupportedf("sanity-checks.lease-checks", `leases are neither moved to another subnet nor removed because they lie outside theirs; write "none"`)
		fixed := *s
		fixed.LeaseChecks = ""
		c.SanityChecks = &fixed
	}
	if comp := c.Compatibility; comp != nil && comp.LenientOptionParsing {
		report.Unsupportedf("compatibility.lenient-option-parsing", `queries with malformed options are dropped; write "lenient-option-parsing": false`)
		fixed := *comp
		fixed.LenientOptionParsing = false
		c.Compatibility = &fixed
	}
	if c.InterfacesConfig.OutboundInterface == "use-routing" {
		report.Unsupportedf("interfaces-config.outbound-interface", `replies leave by the interface that the query came in on; write "same-as-inbound"`)
		c.InterfacesConfig.OutboundInterface = ""
	}
}
