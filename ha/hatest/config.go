package hatest

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
)

// Config is what a World is made of. The zero Config is a pair in hot-standby
// that serves DHCPv4.
type Config struct {
	// Seed decides everything that is left to chance. The same Seed and the
	// same test are the same run.
	Seed uint64

	// Family is the version of DHCP; 0: ctrl.V4.
	Family ctrl.Family

	// Relationships are those of Kea's configuration, each without
	// this-server-name. There is a Node for each host in the URLs of their
	// peers: one that is in several relationships is a hub. None: that of
	// [Pair] in hot-standby.
	Relationships []*ha.Config

	// Subnets are what is served; nil: 198.51.100.0/24 or 2001:db8:1::/64. With
	// several relationships each has the Server that it is assigned to.
	Subnets Subnets

	// Start starts the server under test, by what the Node has for it. It is
	// called whenever a Node is started. Nil: NewServer.
	Start func(n *Node) (Program, error)

	// Logs puts the log lines of the servers into the trace.
	Logs bool
}

// Pair returns the relationship of server1 and server2 in a mode, with the
// given number of backups, named backup1 and so on. It is a small site that
// notices an outage within seconds: a partner is held for down when it has been
// silent for 4 s.
func Pair(mode ha.Mode, backups int) *ha.Config {
	c := &ha.Config{
		Mode:           mode,
		HeartbeatDelay: new(uint32(1000)), MaxResponseDelay: new(uint32(4000)),
		MaxAckDelay: new(uint32(1000)), MaxUnackedClients: new(uint32(0)),
	}
	second := map[ha.Mode]ha.Role{ha.HotStandby: ha.Standby, ha.LoadBalancing: ha.Secondary}[mode]
	add := func(name string, role ha.Role) {
		c.Peers = append(c.Peers, ha.Peer{Name: name, Role: role, URL: fmt.Sprintf("http://192.0.2.%d:8000/", len(c.Peers)+1)})
	}
	add("server1", ha.Primary)
	if second != "" {
		add("server2", second)
	}
	for i := range backups {
		add(fmt.Sprintf("backup%d", i+1), ha.Backup)
	}
	return c
}

// withDefaults returns a copy without zero fields where there is a default.
func (c Config) withDefaults() Config {
	c.Family = cmp.Or(c.Family, ctrl.V4)
	if c.Start == nil {
		c.Start = NewServer
	}
	if len(c.Relationships) == 0 {
		c.Relationships = []*ha.Config{Pair(ha.HotStandby, 0)}
	}
	if c.Subnets == nil {
		s := Subnet{Subnet: ctrl.Subnet{ID: 1, Prefix: netip.MustParsePrefix("198.51.100.0/24")}}
		if c.Family == ctrl.V6 {
			s.Prefix = netip.MustParsePrefix("2001:db8:1::/64")
		}
		c.Subnets = Subnets{s}
	}
	c.Subnets = slices.Clone(c.Subnets)
	for i := range c.Subnets {
		s := &c.Subnets[i]
		s.ValidLft = cmp.Or(s.ValidLft, 3600)
		if s.Pools == nil {
			s.Pools = pools(s.Prefix, c.guards(s))
		}
	}
	return c
}

// guards returns the classes that the pools of a subnet are for: in
// load-balancing two servers give addresses at the same time, and must not do so
// from one pool.
func (c *Config) guards(s *Subnet) (classes []string) {
	of := max(0, slices.IndexFunc(c.Relationships, func(r *ha.Config) bool {
		return slices.ContainsFunc(r.Peers, func(p ha.Peer) bool { return p.Name == s.Server })
	}))
	if c.Relationships[of].Mode != ha.LoadBalancing {
		return []string{""}
	}
	for _, p := range c.Relationships[of].Peers {
		if p.Role != ha.Backup {
			classes = append(classes, "HA_"+p.Name)
		}
	}
	return classes
}

// Subnet is one that the servers serve.
type Subnet struct {
	ctrl.Subnet // ValidLft is 3600 if it is 0

	// Pools are what clients are given addresses of. Nil: the 240 from the
	// tenth of the prefix on, in load-balancing half of them for each server's
	// clients.
	Pools []Pool
}

// Pool is a range of addresses.
type Pool struct {
	First, Last netip.Addr
	Class       string // of the clients that are given addresses of it, such as HA_server1; empty: all
}

// The addresses of a subnet that a pool has by default.
const (
	poolBegins = 10
	poolSize   = 240
)

// pools divides the addresses of a subnet among classes.
func pools(prefix netip.Prefix, classes []string) (all []Pool) {
	at := prefix.Masked().Addr()
	skip := func(n int) {
		for range n {
			at = at.Next()
		}
	}
	skip(poolBegins)
	for _, class := range classes {
		p := Pool{First: at, Class: class}
		skip(poolSize/len(classes) - 1)
		p.Last = at
		skip(1)
		all = append(all, p)
	}
	return all
}

// Subnets are a ctrl.Subnets, for Service.Run.
type Subnets []Subnet

// Subnet returns the subnet with the ID.
func (s Subnets) Subnet(id uint32) (ctrl.Subnet, bool) {
	for i := range s {
		if s[i].ID == id {
			return s[i].Subnet, true
		}
	}
	return ctrl.Subnet{}, false
}

// Subnets returns all.
func (s Subnets) Subnets() iter.Seq[ctrl.Subnet] {
	return func(yield func(ctrl.Subnet) bool) {
		for i := range s {
			if !yield(s[i].Subnet) {
				return
			}
		}
	}
}

// place is a host that relationships name.
type place struct {
	host  string
	names []string // of the peers that are there
}

// places returns the hosts in the order in which they are named.
func (c *Config) places() (all []place, err error) {
	for _, r := range c.Relationships {
		for _, p := range r.Peers {
			u, err := url.Parse(p.URL)
			if err != nil {
				return nil, fmt.Errorf("peer %s: %w", p.Name, err)
			}
			host := u.Hostname()
			if _, err := netip.ParseAddr(host); err != nil {
				return nil, fmt.Errorf("peer %s: its url must have an address: %w", p.Name, err)
			}
			i := slices.IndexFunc(all, func(at place) bool { return at.host == host })
			if i < 0 {
				i = len(all)
				all = append(all, place{host: host})
			}
			all[i].names = append(all[i].names, p.Name)
		}
	}
	return all, nil
}
