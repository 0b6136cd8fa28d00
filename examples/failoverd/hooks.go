package main

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// Kea's hook libraries whose work this program does. The file need not be
// there: the base name says what is wanted.
const (
	leaseCommands = "libdhcp_lease_cmds"
	flexID        = "libdhcp_flex_id" // its work is the engine's
)

func hookName(h dhcp4.HookLibrary) string {
	return strings.TrimSuffix(path.Base(h.Library), ".so")
}

func checkHooks(hooks []dhcp4.HookLibrary) error {
	var errs []error
	for i, h := range hooks {
		switch hookName(h) {
		case leaseCommands, flexID:
		default:
			errs = append(errs, fmt.Errorf("hooks-libraries[%d].library: %s is not supported (%s and %s are); remove it: %w",
				i, h.Library, leaseCommands, flexID, errors.ErrUnsupported))
		}
	}
	return errors.Join(errs...)
}

func hasHook(cfg *dhcp4.Config, name string) bool {
	for _, h := range cfg.HooksLibraries {
		if hookName(h) == name {
			return true
		}
	}
	return false
}
