package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// check tests the configuration as a start would, and touches nothing of the
// server's: it may be running. All mistakes are told, a line each, and of a file
// without any what a server would do by it.
func (d *daemon[C]) check() error {
	warnings := 0
	d.parse.Logger, d.parse.Warn = nil, func(p dhcp4.ConfigProblem) {
		warnings++
		p.Text = "warning: " + p.Text
		fmt.Fprintln(d.stderr, p)
	}
	cfg, cfgs, err := d.load()
	var subnets []string
	if err == nil {
		subnets, err = d.rehearse(cfg, cfgs)
	}
	if err != nil {
		return d.tellMistakes(err, warnings)
	}
	d.summarize(cfg, cfgs, subnets)
	return nil
}

// tellMistakes tells all mistakes in a file, a line each with its place. Other
// errors are returned.
func (s *settings) tellMistakes(err error, warnings int) error {
	mistakes := (*dhcp4.ConfigError)(nil)
	if !errors.As(err, &mistakes) {
		return err
	}
	for _, p := range mistakes.Problems {
		fmt.Fprintln(s.stderr, p)
	}
	fmt.Fprintf(s.stderr, "%s: %s, %s\n", s.file, count(len(mistakes.Problems), "mistake"), count(warnings, "warning"))
	return exit(1)
}

// rehearse starts the engine, with leases in a folder of their own, to find
// what only then comes to light. It returns the subnets.
func (d *daemon[C]) rehearse(cfg C, cfgs []*ha.Config) (subnets []string, err error) {
	dir, err := os.MkdirTemp("", "failoverd-test-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	service, err := d.family.open(cfg, store, nil, d.settings)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	for s := range service.Subnets().Subnets() {
		subnets = append(subnets, fmt.Sprintf("%v (id %d)", s.Prefix, s.ID))
	}
	return subnets, ha.CheckServerNames(cfgs, service.Subnets().Subnets())
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
