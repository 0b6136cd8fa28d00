package dhcp6

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/lease"
)

// plan is a configuration made ready for queries: inherited, compiled and
// indexed. It is never changed once it is used.
//
// It looks like the plan of dhcp4 and stays apart: the objects that it is made
// of are other types. What can be done with both is done in internal/engine.
type plan struct {
	cfg    *Config
	defs   *option.Defs
	params Params // global ones and defaults

	options *option.List // global ones
	classes *engine.Classes
	subnets []*subnet // by ID
	byID    map[uint32]*subnet
	// byInterfaceID are the subnets that relay agents name the link of, by ID.
	byInterfaceID map[string][]*subnet
	links         *engine.Links[subnet]
	hosts         *hosts // global reservations

	identifiers engine.Identifiers
	macSources  []macSource     // where hardware addresses are searched
	supplied    map[uint16]bool // options that relay agents may supply

	held *engine.Held // what clients behind relay agents have; nil: nothing is limited

	digest func() string
}

// subnet is a subnet of the plan.
type subnet struct {
	engine.Site[subnet, host]
	id          uint32
	prefix      netip.Prefix
	params      Params // with what is inherited
	cache       engine.Cache
	interfaceID string         // by which relay agents name the link; empty: by none
	server      string         // that it is assigned to; empty: none
	limits      *engine.Limits // nil: there are none
	pools       []*pool
	pdPools     []*pool

	valid, preferred engine.Lifetime // preferred is zero where it is not configured
	names            engine.NameRules
	reserved         reservedPrefixes
}

// pool is a pool of the plan, of addresses or of prefixes.
type pool struct {
	Guard
	id   uint32
	span Range // of addresses; those of prefix too

	// Prefixes of delegatedLen are delegated out of prefix, less the part that
	// the delegating router keeps: of the first one excluded, if it is valid.
	prefix       netip.Prefix
	delegatedLen int
	excluded     netip.Prefix

	kept    []netip.Addr // addresses, and beginnings of prefixes, that are not picked
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
		cfg:           cfg,
		byID:          map[uint32]*subnet{},
		byInterfaceID: map[string][]*subnet{},
		digest:        sync.OnceValue(func() string { return digestOf(cfg) }),
	}
	p.params = reservationMode(cfg.Params).inherit(DefaultParams())
	p.defs = option.NewDefs(option.V6)
	for _, step := range []func() error{p.compileGlobals, p.compileClasses, p.compileSubnets} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("dhcp6: %w", err)
		}
	}
	return p, nil
}

func (p *plan) compileGlobals() (err error) {
	if err = engine.AddDefs(p.defs, p.cfg.OptionDefs); err != nil {
		return err
	}
	if p.options, err = p.compileOptions(p.cfg.OptionData); err != nil {
		return err
	}
	if p.hosts, err = p.compileHosts(p.cfg.Reservations); err != nil {
		return err
	}
	if p.identifiers.Kinds = p.cfg.HostReservationIdentifiers; len(p.identifiers.Kinds) == 0 {
		p.identifiers.Kinds = []string{engine.ByHWAddress, engine.ByDUID}
	}
	if p.macSources, err = macSourcesOf(p.cfg.MACSources); err != nil {
		return err
	}
	if p.supplied, err = suppliedOptions(p.cfg.RelaySuppliedOptions, p.defs); err != nil {
		return err
	}
	p.identifiers.Flex, err = conf.FlexIdentifier(p.cfg.HooksLibraries, p.defs)
	return err
}

func (p *plan) compiler() *engine.Compiler {
	return &engine.Compiler{Defs: p.defs}
}

func (p *plan) compileOptions(list []OptionData) (*option.List, error) {
	return p.compiler().Options(list)
}

func (p *plan) compileClasses() (err error) {
	specs := make([]engine.ClassSpec, len(p.cfg.ClientClasses))
	for i := range specs {
		c := &p.cfg.ClientClasses[i]
		specs[i] = engine.ClassSpec{
			Name: c.Name, Test: c.Test, Additional: c.OnlyInAdditionalList || c.OnlyIfRequired,
			Options: c.OptionData,
		}
		if l, ok := validOf(&c.Params); ok {
			specs[i].Valid = &l
		}
		if l, ok := preferredOf(&c.Params); ok {
			specs[i].Preferred = &l
		}
	}
	p.classes, err = engine.NewClasses(specs, p.compiler())
	return err
}

func (p *plan) compileSubnets() error {
	site := func(s *subnet) *engine.Site[subnet, host] { return &s.Site }
	for i := range p.cfg.SharedNetworks {
		c := &p.cfg.SharedNetworks[i]
		level, err := p.level(&c.Selection, c.OptionData)
		if err != nil {
			return fmt.Errorf("shared network %s: %w", c.Name, err)
		}
		var subnets []*subnet
		for j := range c.Subnets {
			s, err := p.compileSubnet(&c.Subnets[j], reservationMode(c.Params), conf.LimitsOf(c.UserContext), level)
			if err != nil {
				return err
			}
			s.interfaceID = cmp.Or(s.interfaceID, c.InterfaceID)
			s.server = cmp.Or(s.server, conf.HAServer(c.UserContext))
			subnets = append(subnets, s)
		}
		engine.Connect(subnets, site)
	}
	for i := range p.cfg.Subnets {
		s, err := p.compileSubnet(&p.cfg.Subnets[i], Params{}, conf.Limits{})
		if err != nil {
			return err
		}
		engine.Connect([]*subnet{s}, site)
	}
	slices.SortFunc(p.subnets, func(a, b *subnet) int { return cmp.Compare(a.id, b.id) })
	for _, s := range p.subnets {
		if s.interfaceID != "" {
			p.byInterfaceID[s.interfaceID] = append(p.byInterfaceID[s.interfaceID], s)
		}
	}
	p.links = engine.NewLinks(p.subnets, site, func(s *subnet) netip.Prefix { return s.prefix })
	return nil
}

func (p *plan) level(c *Selection, options []OptionData) (engine.Level, error) {
	list, err := p.compileOptions(options)
	return engine.Level{Guard: &c.Guard, Interface: c.Interface, Relay: &c.Relay, Options: list}, err
}

// compileSubnet compiles a subnet, given what it inherits and its shared
// network, if it has one.
func (p *plan) compileSubnet(c *Subnet, above Params, limits conf.Limits, network ...engine.Level) (_ *subnet, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("subnet %s: %w", c.Subnet, err)
		}
	}()
	set := reservationMode(c.Params).inherit(above).inherit(reservationMode(p.cfg.Params))
	s := &subnet{
		id:          c.ID,
		prefix:      c.Subnet.Masked(),
		params:      set.inherit(DefaultParams()),
		cache:       engine.Cache{Threshold: set.CacheThreshold, MaxAge: set.CacheMaxAge},
		interfaceID: c.InterfaceID,
		server:      conf.HAServer(c.UserContext),
	}
	s.limits = engine.LimitsOf(conf.LimitsOf(c.UserContext).Inherit(limits).Inherit(conf.LimitsOf(p.cfg.UserContext)))
	s.valid, _ = validOf(&s.params)
	s.preferred, _ = preferredOf(&s.params)
	if s.names, err = nameRulesOf(&s.params); err != nil {
		return nil, err
	}
	level, err := p.level(&c.Selection, c.OptionData)
	if err != nil {
		return nil, err
	}
	s.Set(append([]engine.Level{level}, network...)...)
	for i := range c.Pools {
		pl, err := p.compilePool(&c.Pools[i], s)
		if err != nil {
			return nil, fmt.Errorf("pool %s: %w", c.Pools[i].Range, err)
		}
		s.pools = append(s.pools, pl)
	}
	for i := range c.PDPools {
		pl, err := p.compilePDPool(&c.PDPools[i], s)
		if err != nil {
			return nil, fmt.Errorf("pd-pool %s/%d: %w", c.PDPools[i].Prefix, c.PDPools[i].PrefixLen, err)
		}
		s.pdPools = append(s.pdPools, pl)
	}
	if p.byID[s.id] != nil {
		return nil, errors.New("another subnet has the same id")
	}
	if err := p.compileReservations(s, c.Reservations); err != nil {
		return nil, err
	}
	p.byID[s.id] = s
	p.subnets = append(p.subnets, s)
	return s, nil
}
