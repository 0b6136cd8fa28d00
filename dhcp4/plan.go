package dhcp4

import (
	"cmp"
	"errors"
	"fmt"
	"net"
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
type plan struct {
	cfg    *Config
	defs   *option.Defs
	params Params // global ones and defaults
	boot   bootFields

	options *option.List // global ones
	classes *engine.Classes
	boots   map[string]bootFields // of classes that have some
	subnets []*subnet             // by ID
	byID    map[uint32]*subnet
	links   *engine.Links[subnet]
	hosts   *hosts // global reservations

	identifiers engine.Identifiers
	serverIDs   map[netip.Addr]bool // configured as option 54 somewhere

	held *engine.Held // what clients behind relay agents have; nil: nothing is limited

	digest func() string
}

// subnet is a subnet of the plan.
type subnet struct {
	engine.Site[subnet, host]
	id     uint32
	prefix netip.Prefix
	mask   []byte // of the prefix
	params Params // with what is inherited
	cache  engine.Cache
	server string         // that it is assigned to; empty: none
	limits *engine.Limits // nil: there are none
	pools  []*pool

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
		cfg: cfg, byID: map[uint32]*subnet{}, boots: map[string]bootFields{}, serverIDs: map[netip.Addr]bool{},
		digest: sync.OnceValue(func() string { return digestOf(cfg) }),
	}
	p.params = reservationMode(cfg.Params).inherit(DefaultParams())
	p.boot = bootOf(&p.params)
	p.defs = option.NewDefs(option.V4)
	steps := []func() error{p.compileGlobals, p.compileClasses, p.compileSubnets}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("dhcp4: %w", err)
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
		p.identifiers.Kinds = []string{engine.ByHWAddress, engine.ByDUID, byCircuitID, byClientID}
	}
	p.identifiers.Flex, err = conf.FlexIdentifier(p.cfg.HooksLibraries, p.defs)
	return err
}

func (p *plan) compiler() *engine.Compiler {
	return &engine.Compiler{Defs: p.defs, Note: p.noteServerID}
}

// noteServerID notes the server identifiers that are configured somewhere.
func (p *plan) noteServerID(o *option.Option) {
	if id, ok := netip.AddrFromSlice(o.Value); ok && o.Space == "dhcp4" && o.Code == optServerID {
		p.serverIDs[id] = true
	}
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
			Defs: c.OptionDefs, Options: c.OptionData,
		}
		if l, ok := validOf(&c.Params); ok {
			specs[i].Valid = &l
		}
		if b := bootOf(&c.Params); b != (bootFields{}) {
			p.boots[c.Name] = b
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
		id:     c.ID,
		prefix: c.Subnet.Masked(),
		mask:   net.CIDRMask(c.Subnet.Bits(), 32),
		params: set.inherit(DefaultParams()),
		cache:  engine.Cache{Threshold: set.CacheThreshold, MaxAge: set.CacheMaxAge},
		server: conf.HAServer(c.UserContext),
	}
	s.limits = engine.LimitsOf(conf.LimitsOf(c.UserContext).Inherit(limits).Inherit(conf.LimitsOf(p.cfg.UserContext)))
	s.valid, _ = validOf(&s.params)
	s.boot = bootOf(&s.params)
	s.byID = *s.params.MatchClientID
	if s.names, err = nameRulesOf(&s.params); err != nil {
		return nil, err
	}
	level, err := p.level(&c.Selection, c.OptionData)
	if err != nil {
		return nil, err
	}
	s.Set(append([]engine.Level{level}, network...)...)
	if err := p.compileReservations(s, c.Reservations); err != nil {
		return nil, err
	}
	for i := range c.Pools {
		pc := &c.Pools[i]
		pl := &pool{Guard: pc.Guard, id: pc.ID, span: pc.Range}
		if pl.options, err = p.compileOptions(pc.OptionData); err != nil {
			return nil, fmt.Errorf("pool %s: %w", pc.Range, err)
		}
		params := pc.Params.inherit(s.params)
		if pl.names, err = nameRulesOf(&params); err != nil {
			return nil, fmt.Errorf("pool %s: %w", pc.Range, err)
		}
		s.pools = append(s.pools, pl)
	}
	if p.byID[s.id] != nil {
		return nil, errors.New("another subnet has the same id")
	}
	p.byID[s.id] = s
	p.subnets = append(p.subnets, s)
	return s, nil
}
