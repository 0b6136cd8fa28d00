package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhcpha/dhcpha/ha"
)

// summarize says what a server would do by a configuration, and what of it this
// machine has not.
func (d *daemon[C]) summarize(cfg C, cfgs []*ha.Config, subnets []string) {
	say := func(format string, args ...any) { fmt.Fprintf(d.stdout, format+"\n", args...) }
	say("%s has no mistakes", d.file)
	interfaces := d.family.interfaces(cfg)
	if len(interfaces) == 0 {
		say("it answers nobody: interfaces-config names no interfaces")
	} else {
		say("it serves DHCPv%d on %s", d.family.version, listed(interfaces))
	}
	say("  subnets: %s", listed(subnets))
	for _, s := range cfg.Sockets() {
		say("  commands: %s", s)
	}
	say("  leases: %s", leaseFile(cfg.LeaseFile()))
	for _, c := range cfgs {
		say("%s", membership(c))
		for _, p := range c.Peers {
			if p.Name != c.ThisServerName {
				say("  %s is the %s, at %s", p.Name, p.Role, p.URL)
			}
		}
	}
	if pools := cfg.UnguardedPools(guards(cfgs)); len(pools) > 0 {
		say("  both servers give addresses of %s: with a Kea as the partner this server stays off; see client-class HA_name of a pool", listed(pools))
	}
	linked := func(name string, addrs []netip.Addr) bool { return d.family.linked(cfg, name, addrs) }
	for _, missing := range missingHere(interfaces, linked, filepath.Dir(cfg.LeaseFile())) {
		say("on this machine: %s", missing)
	}
}

// leaseFile says where leases are, and what they begin with.
func leaseFile(kea string) string {
	file := kea + ".db"
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return file
	}
	if _, err := os.Stat(kea); err == nil {
		return file + ", which begins with those of Kea in " + kea
	}
	return file + ", which begins empty"
}

// membership says which of the peers this server is, and whom it serves.
func membership(c *ha.Config) string {
	var this ha.Peer
	partner := "its partner"
	for _, p := range c.Peers {
		if p.Name == c.ThisServerName {
			this = p
		}
	}
	for _, p := range c.Peers {
		if p.Name != c.ThisServerName && p.Role != ha.Backup {
			partner = p.Name
		}
	}
	serves := "keeps a copy of the leases and serves nobody"
	switch alone := this.AutoFailover == nil || *this.AutoFailover; {
	case this.Role == ha.Backup:
	case c.Mode == ha.PassiveBackup:
		serves = "serves all clients"
	case c.Mode == ha.HotStandby && this.Role == ha.Primary:
		serves = "serves all clients, while " + partner + " stands by"
	case c.Mode == ha.HotStandby && alone:
		serves = "serves nobody while " + partner + " does, and all clients when that is down"
	case c.Mode == ha.HotStandby:
		serves = "serves nobody, not even when " + partner + " is down (auto-failover)"
	case alone:
		serves = "serves half of the clients, and all when " + partner + " is down"
	default:
		serves = "serves half of the clients, also when " + partner + " is down (auto-failover)"
	}
	return fmt.Sprintf("this server is %s, the %s in %s, at %s: it %s", this.Name, this.Role, c.Mode, this.URL, serves)
}

// guards are the classes by which the servers of relationships in
// load-balancing share pools out.
func guards(cfgs []*ha.Config) (classes []string) {
	for _, c := range cfgs {
		for _, p := range c.Peers {
			if c.Mode == ha.LoadBalancing && p.Role != ha.Backup {
				classes = append(classes, "HA_"+p.Name)
			}
		}
	}
	return classes
}

// missingHere is what a server waits for, or does not start without, and where
// it has clients without a subnet.
func missingHere(interfaces []string, linked func(name string, addrs []netip.Addr) bool, folder string) (missing []string) {
	for _, s := range interfaces {
		name, _, _ := strings.Cut(s, "/")
		if name == "*" {
			continue
		}
		i, err := net.InterfaceByName(name)
		if err != nil {
			missing = append(missing, "there is no interface "+name+"; a server waits for it")
		} else if !linked(name, addresses(i)) {
			missing = append(missing, "no subnet is that of "+name+"; clients get nothing there, unless a relay agent asks for them")
		}
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		missing = append(missing, "there is no folder "+folder+" for the leases; make it, or change lease-database.name")
	}
	return missing
}

// addresses are those of an interface; none if they cannot be told.
func addresses(i *net.Interface) (addrs []netip.Addr) {
	all, _ := i.Addrs()
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, p.Addr())
		}
	}
	return addrs
}

// listed is a list in words, not longer than a person reads.
func listed(words []string) string {
	const most = 8
	if len(words) == 0 {
		return "none"
	}
	if len(words) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	return strings.Join(words, ", ")
}
