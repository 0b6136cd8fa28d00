package option_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// TestKeaAccepts asks kea-dhcp4 which of the cases it accepts.
func TestKeaAccepts(t *testing.T) {
	testnet.Require(t, "kea-dhcp4")
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "kea.conf")
			config := fmt.Sprintf(`{"Dhcp4":{"lease-database":{"type":"memfile","persist":false},"option-def":[%s],"option-data":[%s]}}`, c.defs, c.data)
			require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
			out, err := exec.CommandContext(t.Context(), "kea-dhcp4", "-t", file).CombinedOutput()
			accepted, expected := err == nil, c.want != refused
			if c.kea != "" {
				expected = !expected
			}
			require.Equal(t, expected, accepted, "%s", out)
		})
	}
}

// TestKeaSends compares what kea-dhcp4 sends with what we would send.
func TestKeaSends(t *testing.T) {
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
	for i, c := range cases {
		if c.want == refused || c.kea != "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			kea := server.StartKea("kea-dhcp4", fmt.Sprintf(`{"Dhcp4":{"interfaces-config":{"interfaces":["eth0"],"dhcp-socket-type":"udp"},"option-def":[%s],
				"subnet4":[{"id":1,"subnet":"192.0.2.0/24","pools":[{"pool":"192.0.2.10-192.0.2.20"}],"option-data":[%s]}]}}`, c.defs, c.data))
			defer kea.Kill()
			require.Equal(t, c.wanted(), discover(t, conn, uint32(i)))
		})
	}
}

// managed are the options that the server puts into an offer whatever its
// option data are, besides the relay agent's.
var managed = []byte{1, 51, 53, 54, 58, 59, 82}

// discover asks Kea for every option, as a relay agent, and returns what it
// sends, but for the options that are managed.
func discover(t *testing.T, conn *net.UDPConn, id uint32) string {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	query := make([]byte, 240)
	copy(query, []byte{1, 1, 6, 1})
	binary.BigEndian.PutUint32(query[4:], id)
	copy(query[24:], []byte{192, 0, 2, 2}) // giaddr
	copy(query[28:], []byte{2, 0, 0, 0, 0, 1})
	copy(query[236:], []byte{99, 130, 83, 99})
	query = append(query, 53, 1, 1, 55, 254)
	for code := range 254 {
		query = append(query, byte(code+1))
	}
	query = append(query, 255)
	var got string
	testnet.Until(ctx, t, "kea-dhcp4 answers", func() error {
		if _, err := conn.WriteTo(query, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 67}); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		for b := make([]byte, 1500); ; {
			size, err := conn.Read(b)
			if err != nil {
				return err
			}
			if size > 240 && string(b[4:8]) == string(query[4:8]) {
				got = wireOptions(b[240:size])
				return nil
			}
		}
	})
	return got
}

// wireOptions writes a message's options as the test cases do.
func wireOptions(b []byte) string {
	var s []string
	for code, value := range option.V4.Suboptions(b) {
		if !slices.Contains(managed, byte(code)) && code != 255 {
			s = append(s, fmt.Sprintf("%d=%x", code, value))
		}
	}
	return strings.Join(s, " ")
}
