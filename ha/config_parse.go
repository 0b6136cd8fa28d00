package ha

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// ConfigError is the error for a configuration with mistakes. It has all of
// them as Problems, and prints each on a line of its own.
type ConfigError = keajson.Error

// ConfigProblem is one mistake in a configuration: its Path, such as
// high-availability[0].peers[1].url, its place in the text (Pos.Line and
// Pos.Column), and its Text, which says what is wrong.
type ConfigProblem = keajson.Problem

// ParseOptions is how a configuration is read.
type ParseOptions struct {
	// ThisServer is which of the peers this server is, whatever
	// this-server-name says; so one file can serve all of them. With several
	// relationships it stands for those that have such a peer.
	ThisServer string
	// IsLocal says whether an address, or what the name of a host stands for,
	// is this machine's. It is asked where this-server-name is absent. Nil: by
	// the addresses of the interfaces and the system's resolver.
	IsLocal func(host string) (bool, error)
	// Warn takes what is accepted, but hardly meant, such as unknown members,
	// which Kea ignores. Nil discards it.
	Warn func(ConfigProblem)
}

// listKey is the only key of the hook library's parameters.
const listKey = "high-availability"

// ParseConfigs reads the parameters of Kea's hook library libdhcp_ha, an
// object with the list high-availability. Where that does not say
// which of the peers this server is, it is found out; the configurations
// returned say it. Files with credentials must be there. Nil options mean the
// zero ParseOptions. The error is a [*ConfigError].
func ParseConfigs(parameters json.RawMessage, opts *ParseOptions) ([]*Config, error) {
	if opts == nil {
		opts = &ParseOptions{}
	}
	root, warnings, err := keajson.Parse("", parameters, nil)
	if err != nil {
		return nil, fmt.Errorf("ha: configuration: %w", err)
	}
	report := &keajson.Report{Warnings: warnings}
	cfgs := decodeConfigs(root, opts, report)
	report.Locate(root)
	if opts.Warn != nil {
		keajson.Sort(report.Warnings)
		for _, w := range report.Warnings {
			opts.Warn(w)
		}
	}
	if err := report.Err(); err != nil {
		return nil, fmt.Errorf("ha: configuration: %w", err)
	}
	return cfgs, nil
}

// decodeConfigs reads and checks the tree.
func decodeConfigs(root *keajson.Node, opts *ParseOptions, report *keajson.Report) []*Config {
	var parameters struct {
		List []*Config `json:"high-availability"`
	}
	for _, p := range keajson.Decode(root, &parameters, nil) {
		if p.Unknown {
			report.Warnings = append(report.Warnings, p)
		} else {
			report.Problems = append(report.Problems, p)
		}
	}
	decoded := len(report.Problems)
	if decoded == 0 && len(parameters.List) == 0 {
		report.Errorf(listKey, "is missing or empty")
	}
	for _, c := range parameters.List {
		c.trim()
	}
	opts.findThisServer(parameters.List, report)
	decoded = len(report.Problems)
	checkConfigs(parameters.List, report)
	for i, c := range parameters.List {
		c.checkFiles(listPath(i), report)
	}
	report.DropConsequences(decoded)
	return parameters.List
}

// trim takes blanks off the names, as Kea does.
func (c *Config) trim() {
	c.ThisServerName = strings.TrimSpace(c.ThisServerName)
	for i := range c.Peers {
		c.Peers[i].Name = strings.TrimSpace(c.Peers[i].Name)
	}
}

// listPath returns the path of a relationship.
func listPath(i int) string { return fmt.Sprintf("%s[%d]", listKey, i) }

// at joins the path of an object and a key in it.
func at(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
