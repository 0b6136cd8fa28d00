package testnet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Kea is a running kea-dhcp4 or kea-dhcp6.
type Kea struct {
	*Process
	Socket    string // of its control channel
	LeaseFile string // its CSV file

	host    *Host
	program string
	config  string // path of the configuration file
	root    string // "Dhcp4" or "Dhcp6"
}

// StartKea starts program, kea-dhcp4 or kea-dhcp6, in the host and returns once
// it answers commands. config is the whole configuration file as strict JSON;
// where it says nothing of a control socket, a lease file, a data directory or
// loggers, they are put into a temporary folder and the process's output.
func (h *Host) StartKea(program, config string) *Kea {
	h.net.t.Helper()
	Require(h.net.t, program)
	dir, err := os.MkdirTemp(h.net.dir, program+"-")
	if err != nil {
		h.net.t.Fatal(err)
	}
	k := &Kea{
		host: h, program: program, config: filepath.Join(dir, "conf"), root: "Dhcp4",
		Socket: filepath.Join(dir, "ctrl"), LeaseFile: filepath.Join(dir, "leases.csv"),
	}
	if program == "kea-dhcp6" {
		k.root = "Dhcp6"
	}
	text, err := k.complete(config)
	if err != nil {
		h.net.t.Fatalf("%s: configuration: %v", program, err)
	}
	if err := os.WriteFile(k.config, text, 0o644); err != nil {
		h.net.t.Fatal(err)
	}
	k.Restart()
	return k
}

// complete fills in what a test's configuration leaves open, and takes note of
// what it says.
func (k *Kea) complete(config string) ([]byte, error) {
	var file map[string]map[string]any
	if err := json.Unmarshal([]byte(config), &file); err != nil {
		return nil, err
	}
	c := file[k.root]
	if c == nil {
		return nil, fmt.Errorf("no %s", k.root)
	}
	if s, ok := c["control-socket"].(map[string]any); ok {
		k.Socket, _ = s["socket-name"].(string)
	} else {
		c["control-socket"] = map[string]any{"socket-type": "unix", "socket-name": k.Socket}
	}
	if k.root == "Dhcp6" && c["data-directory"] == nil {
		c["data-directory"] = filepath.Dir(k.config) // its DUID is there, and no two servers may have the same
	}
	leases, ok := c["lease-database"].(map[string]any)
	if !ok {
		leases = map[string]any{"type": "memfile", "persist": true}
		c["lease-database"] = leases
	}
	if name, ok := leases["name"].(string); ok {
		k.LeaseFile = name
	} else {
		leases["name"] = k.LeaseFile
	}
	if c["loggers"] == nil {
		c["loggers"] = []any{map[string]any{
			"name":           strings.ToLower("kea-" + k.root),
			"severity":       "INFO",
			"output_options": []any{map[string]any{"output": "stdout"}},
		}}
	}
	return json.MarshalIndent(file, "", "\t")
}

// Restart kills Kea if it runs, starts it again with the same files, and
// returns once it answers commands.
func (k *Kea) Restart() {
	t := k.host.net.t
	t.Helper()
	if k.Process != nil {
		k.Kill()
	}
	cmd := k.host.Command(context.Background(), k.program, "-c", k.config)
	dir := filepath.Dir(k.config)
	cmd.Env = append(os.Environ(), "KEA_PIDFILE_DIR="+dir, "KEA_LOCKFILE_DIR="+dir)
	k.Process = k.host.StartCommand(cmd)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // it may have a million leases to read
	defer cancel()
	Until(ctx, t, k.program+" answers", func() error {
		if k.ended() {
			return &finalError{fmt.Errorf("it ended: %w", k.err)}
		}
		_, err := k.Command(ctx, "version-get", nil)
		return err
	})
}

// Answer is Kea's response to a command.
type Answer struct {
	Result    int             `json:"result"`
	Text      string          `json:"text"`
	Arguments json.RawMessage `json:"arguments"`
}

// Command sends a command over the control socket. args is marshalled to JSON;
// nil is no arguments. A result other than zero is not an error.
func (k *Kea) Command(ctx context.Context, command string, args any) (Answer, error) {
	var answer Answer
	request, err := json.Marshal(struct {
		Command   string `json:"command"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, args})
	if err != nil {
		return answer, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", k.Socket)
	if err != nil {
		return answer, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(request); err != nil {
		return answer, err
	}
	response, err := io.ReadAll(conn)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(response, &answer); err != nil {
		return answer, fmt.Errorf("%s answers %q: %w", command, response, err)
	}
	return answer, nil
}

// KeaHook returns the path of one of Kea's hook libraries, such as
// "libdhcp_lease_cmds.so".
func KeaHook(t testing.TB, name string) string {
	t.Helper()
	Require(t, "kea-dhcp4")
	found, _ := filepath.Glob("/usr/lib/*/kea/hooks/" + name)
	if len(found) == 0 {
		absent(t, "not installed: Kea's hook "+name+" (apt-get install kea-common)")
	}
	return found[0]
}
