package conf

import (
	"reflect"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// Over6 is what to do about settings of DHCPv4 over DHCPv6.
const Over6 = "DHCPv4 over DHCPv6 is not served; remove it"

// UnsupportedKeys lists what Kea 2.2 to 3.0 knows in both families and these
// servers do not, with the remedy. Keys that nobody knows are not listed: they
// are mistakes. The types are those of a family.
func UnsupportedKeys[Config, SharedNetwork, Subnet, ClientClass any]() keajson.Unsupported {
	const (
		hosts    = `write the reservations into the file, under "reservations"`
		database = "it is for a database server, and leases are kept in a file; remove it"
		adaptive = "lifetimes do not depend on how full the pools are; remove it"
		ddns     = "it has moved; give it globally, as "
	)
	return keajson.Unsupported{
		reflect.TypeFor[Config](): {
			"hosts-database":                hosts,
			"hosts-databases":               hosts,
			"config-control":                "the configuration is this file; write all of it here",
			"dhcp4o6-port":                  Over6,
			"adaptive-lease-time-threshold": adaptive,
		},
		reflect.TypeFor[SharedNetwork](): {"adaptive-lease-time-threshold": adaptive},
		reflect.TypeFor[Subnet]():        {"adaptive-lease-time-threshold": adaptive},
		reflect.TypeFor[ClientClass]():   {"template-test": `write a class with a "test" for each value`},
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

// otherDatabase says whether leases would be kept in a way that Kea knows and
// these servers do not.
func otherDatabase(name string) bool { return name == "mysql" || name == "postgresql" || name == "cql" }

// DropUnsupported reports values that are not supported and returns what the
// server does instead. It changes nothing that o points to.
func (o Own) DropUnsupported(report *keajson.Report) Own {
	if d := o.LeaseDatabase; d != nil {
		fixed := *d
		if otherDatabase(d.Type) {
			report.Unsupportedf("lease-database.type", `leases are kept in a file, not in %s; write "memfile"`, d.Type)
			fixed.Type = "memfile"
		}
		if d.Persist != nil && !*d.Persist {
			report.Unsupportedf("lease-database.persist", "leases are always kept on disk; remove it")
			fixed.Persist = nil
		}
		o.LeaseDatabase = &fixed
	}
	if d := o.DHCPDDNS; d != nil && d.EnableUpdates {
		report.Unsupportedf("dhcp-ddns.enable-updates", `DNS is not updated; write "enable-updates": false`)
		fixed := *d
		fixed.EnableUpdates = false
		o.DHCPDDNS = &fixed
	}
	if q := o.DHCPQueueControl; q != nil && q.EnableQueue {
		report.Unsupportedf("dhcp-queue-control.enable-queue", `the server bounds the queries in flight itself; write "enable-queue": false`)
		fixed := *q
		fixed.EnableQueue = false
		o.DHCPQueueControl = &fixed
	}
	if s := o.SanityChecks; s != nil && (s.LeaseChecks == "fix" || s.LeaseChecks == "fix-del" || s.LeaseChecks == "del") {
		report.Unsupportedf("sanity-checks.lease-checks", `leases are neither moved to another subnet nor removed because they lie outside theirs; write "none"`)
		o.SanityChecks = &SanityChecks{LeaseChecks: "none", ExtendedInfoChecks: s.ExtendedInfoChecks}
	}
	return o
}

// RefuseLenient reports lenient-option-parsing.
func RefuseLenient(report *keajson.Report) {
	report.Unsupportedf("compatibility.lenient-option-parsing", `queries with malformed options are dropped; write "lenient-option-parsing": false`)
}
