package dhcp4

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/lease"
)

// plan is a configuration made ready for queries: inherited, compiled and
// indexed. It is never changed once it is used.
type plan struct {
	cfg    *Config
	defs   *option.Defs
	params Params // global ones and defaults
	boot   bootFields

	options *option.List // global ones
	classes *classes
	subnets []*subnet // by ID
	byID    map[uint32]*subnet
	hosts   *hosts // global reservations

	identifiers []identifierKind // by which reservations are searched
	flexID      *class.Text      // nil: no flexible identifiers

	serverIDs map[netip.Addr]bool // configured as option 54 somewhere

	digest func() string
}

// sharedNetwork is a shared network of the plan.
type sharedNetwork struct {
	name string
	Selection
	options *option.List
	subnets []*subnet
}

// subnet is a subnet of the plan.
type subnet struct {
	id     uint32
	prefix netip.Prefix
	params Params // with what is inherited
	cache  engine.Cache
	Selection
	network *sharedNetwork // nil: none
	server  string         // that it is assigned to; empty: none
	options *option.List
	pools   []*pool
	hosts   *hosts

	valid    engine.Lifetime
	names    engine.NameRules
	boot     bootFields
	byID     bool // match-client-id
	reserved map[netip.Addr][]*host
}

// pool is a pool of the plan.
type pool struct {
	Guard
	id      uint32
	span    Range
	options *option.List
	names   engine.NameRules
	free    *lease.Pool
}

// newPlan compiles a configuration.
func newPlan(cfg *Config) (*plan, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &plan{
		cfg: cfg, byID: map[uint32]*subnet{}, serverIDs: map[netip.Addr]bool{},
		digest: sync.OnceValue(func() string { return digestOf(cfg) }),
	}
	p.params = reservationMode(cfg.Params).Inherit(DefaultParams())
	p.boot = bootOf(&p.params)
	p.defs = option.NewDefs(option.V4)
	for _, d := range cfg.OptionDefs {
		if err := p.defs.Add(d); err != nil {
			return nil, fmt.Errorf("dhcp4: %w", err)
		}
	}
	steps := []func() error{p.compileGlobals, p.compileClasses, p.compileSubnets}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("dhcp4: %w", err)
		}
	}
	return p, nil
}

func (p *plan) compileGlobals() (err error) {
	if p.options, err = p.compileOptions(p.cfg.OptionData, p.defs); err != nil {
		return err
	}
	if p.hosts, err = p.compileHosts(p.cfg.Reservations); err != nil {
		return err
	}
	if p.identifiers, err = identifierKinds(p.cfg.HostReservationIdentifiers); err != nil {
		return err
	}
	p.flexID, err = conf.FlexIdentifier(p.cfg.HooksLibraries, p.defs)
	return err
}

// compileOptions makes the list of one level, and notes server identifiers.
func (p *plan) compileOptions(list []OptionData, defs *option.Defs) (*option.List, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var compiled []option.Option
	for _, d := range list {
		o, err := option.Compile(d, defs)
		if err != nil {
			return nil, err
		}
		if id, ok := netip.AddrFromSlice(o.Value); ok && o.Space == "dhcp4" && o.Code == optServerID {
			p.serverIDs[id] = true
		}
		compiled = append(compiled, o)
	}
	return option.NewList(option.V4, compiled...)
}

func (p *plan) compileSubnets() error {
	for i := range p.cfg.SharedNetworks {
		c := &p.cfg.SharedNetworks[i]
		n := &sharedNetwork{name: c.Name, Selection: c.Selection}
		var err error
		if n.options, err = p.compileOptions(c.OptionData, p.defs); err != nil {
			return fmt.Errorf("shared network %s: %w", c.Name, err)
		}
		for j := range c.Subnets {
			s, err := p.compileSubnet(&c.Subnets[j], reservationMode(c.Params))
			if err != nil {
				return err
			}
			s.network = n
			s.server = cmp.Or(s.server, serverIn(c.UserContext))
			n.subnets = append(n.subnets, s)
		}
	}
	for i := range p.cfg.Subnets {
		if _, err := p.compileSubnet(&p.cfg.Subnets[i], Params{}); err != nil {
			return err
		}
	}
	slices.SortFunc(p.subnets, func(a, b *subnet) int { return cmp.Compare(a.id, b.id) })
	return nil
}

func (p *plan) compileSubnet(c *Subnet, above Params) (_ *subnet, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("subnet %s: %w", c.Subnet, err)
		}
	}()
	set := reservationMode(c.Params).Inherit(above).Inherit(reservationMode(p.cfg.Params))
	s := &subnet{
		id:        c.ID,
		prefix:    c.Subnet.Masked(),
		params:    set.Inherit(DefaultParams()),
		cache:     engine.Cache{Threshold: set.CacheThreshold, MaxAge: set.CacheMaxAge},
		Selection: c.Selection,
		server:    serverIn(c.UserContext),
	}
	s.valid, _ = lifetimeOf(&s.params)
	s.boot = bootOf(&s.params)
	s.byID = *s.params.MatchClientID
	if s.names, err = nameRulesOf(&s.params); err != nil {
		return nil, err
	}
	if s.options, err = p.compileOptions(c.OptionData, p.defs); err != nil {
		return nil, err
	}
	if s.hosts, err = p.compileHosts(c.Reservations); err != nil {
		return nil, err
	}
	for i := range c.Pools {
		pc := &c.Pools[i]
		pl := &pool{Guard: pc.Guard, id: pc.ID, span: pc.Range}
		if pl.options, err = p.compileOptions(pc.OptionData, p.defs); err != nil {
			return nil, fmt.Errorf("pool %s: %w", pc.Range, err)
		}
		params := pc.Params.Inherit(s.params)
		if pl.names, err = nameRulesOf(&params); err != nil {
			return nil, fmt.Errorf("pool %s: %w", pc.Range, err)
		}
		s.pools = append(s.pools, pl)
	}
	if p.byID[s.id] != nil {
		return nil, errors.New("another subnet has the same id")
	}
	s.findReserved(p.hosts)
	p.byID[s.id] = s
	p.subnets = append(p.subnets, s)
	return s, nil
}

// serverIn returns the server that a user-context assigns a subnet or shared
// network to.
func serverIn(userContext json.RawMessage) string {
	var members struct {
		Server string `json:"ha-server-name"`
	}
	if json.Unmarshal(userContext, &members) != nil {
		return "" // there is none, or it is no string, which has been reported
	}
	return members.Server
}
