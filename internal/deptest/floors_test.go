package deptest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryPackageKeepsToItsFloor(t *testing.T) {
	t.Parallel()
	for _, system := range []string{"linux", "windows"} { // x_linux.go, x_others.go
		cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Deps", module+"/...")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		var pkgs []pkg
		for d := json.NewDecoder(strings.NewReader(string(out))); ; {
			var p pkg
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			pkgs = append(pkgs, p)
		}
		require.NotEmpty(t, pkgs)
		if wrong := check(pkgs); len(wrong) > 0 {
			t.Errorf("GOOS=%s:\n%s", system, strings.Join(wrong, "\n"))
		}
	}
}

func TestRulesCatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, to string }{
		{"hash", module + "/lease"},
		{"hash", "golang.org/x/sys/unix"},
		{"lease", module + "/ctrl"},
		{"lease/leasetest", module + "/ctrl"},
		{"ctrl", module + "/ha"},
		{"ha", "github.com/insomniacslk/dhcp/dhcpv4"},
		{"ha/hatest", "github.com/insomniacslk/dhcp/dhcpv4"},
		{"ha/hatest", module + "/dhcp4"},
		{"ha/hatest", "github.com/stretchr/testify/require"},
		{"ha", module + "/internal/memnet"},
		{"ha", "testing/synctest"},
		{"internal/memnet", module + "/lease"},
		{"ha", module + "/dhcp4"},
		{"ha", module + "/ha/hametrics"},
		{"ha", "github.com/prometheus/client_golang/prometheus"},
		{"ha/hatest", "github.com/prometheus/client_golang/prometheus"},
		{"lease", "github.com/prometheus/client_golang/prometheus"},
		{"ha/hametrics", module + "/dhcp4"},
		{"dhcp4", module + "/ha"},
		{"dhcp6", module + "/dhcp4"},
		{"internal/option", module + "/lease"},
		{"internal/conf", module + "/dhcp4"},
		{"internal/engine", "github.com/insomniacslk/dhcp/dhcpv6"},
		{"dhcp4", module + "/internal/testnet"},
		{"dhcp4", module + "/internal/engine/enginetest"},
		{"ctrl", "testing"},
		{"lease/leasetest", "github.com/stretchr/testify/require"},
		{"examples/failover", "testing"},
		{"novelty", "fmt"},
	} {
		require.Len(t, check([]pkg{{module + "/" + tt.from, []string{tt.to}}}), 1, "%s imports %s", tt.from, tt.to)
	}
	for _, tt := range []struct{ from, to string }{
		{"hash", "math/bits"},
		{"hash", "internal/abi"}, // the standard library's
		{"ctrl", module + "/lease"},
		{"dhcp4", "github.com/insomniacslk/dhcp/dhcpv4"},
		{"dhcp4", module + "/internal/option"},
		{"internal/engine", module + "/lease"},
		{"lease/leasetest", "testing"},
		{"ha/hatest", "testing/synctest"},
		{"ha/hatest", module + "/internal/memnet"},
		{"internal/testnet", "testing"},
		{"examples/failover", module + "/ha"},
		{"ha/hametrics", module + "/ha"},
		{"ha/hametrics", "github.com/prometheus/client_golang/prometheus"},
		{"examples/failoverd", module + "/ha/hametrics"},
	} {
		require.Empty(t, check([]pkg{{module + "/" + tt.from, []string{tt.to}}}), "%s imports %s", tt.from, tt.to)
	}
}
