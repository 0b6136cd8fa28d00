package dhcpha_test

import (
	"archive/zip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// readmeCommands are the commands of the README, and how each is run here. What
// takes long, or is for a machine that has a file, is run in a shorter form, which
// stands here; or it is a step of .ci/run as it is.
func readmeCommands() map[string]func(t *testing.T, command string) {
	return map[string]func(t *testing.T, command string){
		"go run ./examples/failover": instead("go run ./examples/failover -mode hot-standby -clients 4", "lost          0"),
		// .ci/run takes this command from the README.
		"go test ./...":                     instead("go test ./hash", "ok"),
		"go mod init example.com/appliance": newModule,
		"go mod tidy":                       newModule,
		"go build":                          newModule,
		"go run ./examples/failoverd -t /etc/kea/kea-dhcp4.conf": testsFile,
		"go run ./examples/failoverd -c /etc/kea/kea-dhcp4.conf": servesFile,
		"go run ./internal/bench -write":                         instead("go run ./internal/bench -write -h", "-repeat"),
		"go test -count=1 -v -run '^TestEveryOrder' ./ha -explore-depths 1000,0 -explore-kea-depths 1000,0 -explore-pause-depths 0": stepOfCI,
		"go test -count=1 -v -run '^TestWalks$' ./ha/hatest -seeds 10000":                                                           stepOfCI,
		".ci/chaos": instead(".ci/chaos -h", "-seed"),
		".ci/run":   instead("bash -n .ci/run", ""), // it is what runs this
	}
}

func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	var found []string
	for _, block := range blocks(t, "sh") {
		found = append(found, strings.Split(strings.TrimSpace(block), "\n")...)
	}
	inText := regexp.MustCompile("`((?:go (?:run|test|get|build|install|vet|tool|mod) |\\.ci/|sudo |apt|docker )[^`]+)`")
	for _, m := range inText.FindAllStringSubmatch(readText(t, "README.md"), -1) {
		found = append(found, m[1])
	}
	commands := readmeCommands()
	for _, command := range found {
		require.Contains(t, commands, command, "the README has a command that no test runs")
	}
	for command, run := range commands {
		require.Contains(t, found, command, "the README has this command no more")
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			run(t, command)
		})
	}
}

// instead runs a shorter form of a command, whose output must have a text.
func instead(short, says string) func(t *testing.T, command string) {
	return func(t *testing.T, _ string) {
		out, err := shell(t, short).CombinedOutput()
		require.NoError(t, err, "%s: %s", short, out)
		require.Contains(t, string(out), says, short)
	}
}

// shell is a command line, to be run as in a terminal.
func shell(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: programs are not built")
	}
	if runtime.GOOS == "windows" {
		t.Skip("the lines are for a shell")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "bash", "-c", line)
	// As .ci/run builds everything: then nothing has to be built again.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.WaitDelay = time.Second
	return cmd
}

// stepOfCI finds the command in .ci/run, which runs it.
func stepOfCI(t *testing.T, command string) {
	steps := regexp.MustCompile(`(?m)^(?:step_\w+\(\) \{|\t) *` + regexp.QuoteMeta(command) + `( |;|$)`)
	require.True(t, steps.MatchString(readText(t, ".ci/run")), ".ci/run has no step that is %s", command)
}

// kea-dhcp4.conf as an operator may have it.
const keaFile = `{ "Dhcp4": {
    "interfaces-config": { "interfaces": [ "eth0" ] },
    "control-socket": { "socket-type": "unix", "socket-name": "DIR/kea4-ctrl-socket" },
    "lease-database": { "type": "memfile", "name": "DIR/kea-leases4.csv" },
    "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.100 - 192.0.2.199" } ] } ]
} }`

// withFile returns a command with a file that is there in the place of Kea's.
func withFile(t *testing.T, command string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "kea-dhcp4.conf")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(keaFile, "DIR", dir)), 0o644))
	require.Contains(t, command, "/etc/kea/kea-dhcp4.conf")
	return strings.Replace(command, "/etc/kea/kea-dhcp4.conf", file, 1)
}

func testsFile(t *testing.T, command string) {
	command = withFile(t, command)
	out, err := shell(t, command).CombinedOutput()
	require.NoError(t, err, string(out))
	file := command[strings.LastIndex(command, " ")+1:]
	require.NoError(t, os.WriteFile(file, []byte(`{ "Dhcp4": { "hosts-database": { "type": "mysql" } } }`), 0o644))
	out, err = shell(t, command).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "hosts-database: is not supported")
}

// A client is served. The program is built first: a signal to go run does not
// reach it.
func servesFile(t *testing.T, command string) {
	testnet.Require(t, "ip", "dhclient")
	program := filepath.Join(t.TempDir(), "failoverd")
	line := strings.Fields(withFile(t, command))
	require.Equal(t, []string{"go", "run", "./examples/failoverd"}, line[:3])
	out, err := shell(t, "go build -o "+program+" ./examples/failoverd").CombinedOutput()
	require.NoError(t, err, string(out))

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n := testnet.New(t)
	lan := n.LAN()
	server, host := n.Host("server"), n.Host("client")
	server.Join(lan, "eth0", "192.0.2.1/24")
	host.Join(lan, "eth0")
	serving := server.Start(program, line[3:]...)
	bound := host.Dhclient("eth0").Await(ctx, testnet.Bound)
	require.Equal(t, "192.0.2.1", bound.Server.String())
	serving.Signal("TERM")
	require.NoError(t, serving.Wait(ctx))
}

// The program of the README becomes another module, by all of the commands of
// the block: this module comes as a proxy would give it.
func newModule(t *testing.T, command string) {
	if testing.Short() {
		t.Skip("-short: programs are not built")
	}
	if !strings.HasPrefix(command, "go mod init ") {
		return // it is run after that
	}
	var lines []string
	for _, block := range blocks(t, "sh") {
		if strings.HasPrefix(block, command) {
			lines = strings.Split(strings.TrimSpace(block), "\n")
		}
	}
	require.Len(t, lines, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	dir := t.TempDir()
	proxy, folder := filepath.Join(dir, "proxy"), filepath.Join(dir, "program")
	publish(t, proxy)
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(blocks(t, "go")[0]), 0o644))
	have := filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")
	said := ""
	for _, line := range lines {
		words := strings.Fields(line)
		if line == "go build" {
			// That it compiles, examples/shortest shows: here it is enough that
			// all packages are found.
			words = append(words, "-n")
		}
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Dir = folder
		// Other modules are there already, as this one needs them, too; what is
		// missing is fetched as usual.
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOSUMDB=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+filepath.Join(dir, "modules"),
			"GOPROXY="+strings.Join([]string{fileURL(proxy), fileURL(have), goEnv(t, "GOPROXY")}, ","))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
		said = string(out)
	}
	require.Contains(t, said, "appliance")
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // of Windows
	}
	return "file://" + path
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// publish puts this module into a folder as a module proxy has it.
func publish(t *testing.T, proxy string) {
	t.Helper()
	const path, version = "github.com/dhcpha/dhcpha", "v0.0.1"
	folder := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	write("list", version+"\n")
	write(version+".info", fmt.Sprintf(`{"Version": %q}`, version))
	write(version+".mod", readText(t, "go.mod"))
	file, err := os.Create(filepath.Join(folder, version+".zip"))
	require.NoError(t, err)
	defer file.Close()
	packed := zip.NewWriter(file)
	root := os.DirFS(".")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && slices.Contains([]string{".git", "testdata"}, entry.Name()):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		w, err := packed.Create(path + "@" + version + "/" + name)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}))
	require.NoError(t, packed.Close())
	require.NoError(t, file.Close())
}
