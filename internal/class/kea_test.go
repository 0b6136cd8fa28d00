package class_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// newer marks conditions that Kea 2.2 does not understand yet.
var newer = []string{"match(", "sifelse", "sand", "lcase"}

// differing marks conditions that Kea 2.2 evaluates otherwise: it looks only at
// the first enterprise of option 125, never into option 43, does not know the
// types of relay agent options, and counts in the length only what it
// understood.
var differing = []string{"vendor[4491]", "option[2].hex == 'c'", "option[43]", "relay4[6].text", "pkt.len"}

// TestKeaAccepts asks kea-dhcp4 and kea-dhcp6 which conditions they accept.
func TestKeaAccepts(t *testing.T) {
	testnet.Require(t, "kea-dhcp4", "kea-dhcp6")
	t.Parallel()
	for _, expr := range tests {
		if !containsAny(expr, newer) {
			keaAccepts(t, "Dhcp4", expr, true)
		}
	}
	for expr := range mistakes {
		if expr != "" { // a class without a test
			keaAccepts(t, "Dhcp4", expr, false)
		}
	}
	for _, expr := range tests6 {
		keaAccepts(t, "Dhcp6", expr, true)
	}
}

func containsAny(s string, subs []string) bool {
	for _, sub := range subs {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}

func keaAccepts(t *testing.T, root, expr string, accept bool) {
	t.Helper()
	config, err := json.Marshal(map[string]any{root: map[string]any{
		"lease-database": map[string]any{"type": "memfile", "persist": false},
		"client-classes": []any{map[string]any{"name": "CLASS", "test": expr}},
	}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "kea.conf")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	out, err := exec.CommandContext(t.Context(), "kea-"+strings.ToLower(root), "-t", file).CombinedOutput()
	require.Equal(t, accept, err == nil, "%s\n%s", expr, out)
}

// TestKeaMatches lets kea-dhcp4 evaluate conditions that are true for us: it
// sends option 224 to the client if they are for it.
func TestKeaMatches(t *testing.T) {
	n := testnet.New(t)
	lan := n.LAN()
	server, relay := n.Host("server"), n.Host("relay")
	server.Join(lan, "eth0", "192.0.2.1/24")
	relay.Join(lan, "eth0", "192.0.2.2/24")
	var conn *net.UDPConn
	relay.Do(func() {
		var err error
		conn, err = net.ListenUDP("udp4", &net.UDPAddr{Port: 67})
		require.NoError(t, err)
	})
	defer conn.Close()
	for _, expr := range tests {
		if containsAny(expr, newer) || containsAny(expr, differing) {
			continue
		}
		config, err := json.Marshal(map[string]any{"Dhcp4": map[string]any{
			"interfaces-config": map[string]any{"interfaces": []string{"eth0"}, "dhcp-socket-type": "udp"},
			"option-def":        []any{map[string]any{"name": "matches", "code": 224, "type": "empty"}},
			"client-classes":    []any{map[string]any{"name": "CLASS", "test": expr, "option-data": []any{map[string]any{"name": "matches"}}}},
			"subnet4": []any{map[string]any{"id": 1, "subnet": "192.0.2.0/24", "pools": []any{map[string]any{"pool": "192.0.2.10-192.0.2.20"}},
				"reservations": []any{map[string]any{"hw-address": "02:00:00:00:00:ff", "ip-address": "192.0.2.30"}}}},
		}})
		require.NoError(t, err)
		kea := server.StartKea("kea-dhcp4", string(config))
		assert.True(t, keaMatches(t, conn), expr)
		kea.Kill()
	}
}

// keaMatches sends query and tells whether option 224 comes back.
func keaMatches(t *testing.T, conn *net.UDPConn) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	matches := false
	testnet.Until(ctx, t, "kea-dhcp4 answers", func() error {
		if _, err := conn.WriteTo(wire(), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 67}); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		b := make([]byte, 1500)
		size, err := conn.Read(b)
		if err != nil {
			return err
		}
		if size <= 240 {
			return errors.New("an answer without options")
		}
		for code := range option.V4.Suboptions(b[240:size]) {
			matches = matches || code == 224
		}
		return nil
	})
	return matches
}
