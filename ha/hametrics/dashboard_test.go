package hametrics

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboard is what is in grafana.json, as far as it is about metrics.
type dashboard struct {
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct{ Type, Definition string } `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Targets     []struct {
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
	GridPos struct{ X, Y, W, H int } `json:"gridPos"`
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("grafana.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &d))
	require.NotEmpty(t, d.Panels)
	return d
}

// queries checks queries against the metrics that are exported.
type queries struct {
	known    map[string]Metric // by what a query calls them
	used     map[string]bool   // the metrics that were asked for
	problems []string
}

func newQueries() *queries {
	q := &queries{known: map[string]Metric{}, used: map[string]bool{}}
	for _, m := range List() {
		names := []string{m.Name}
		if m.Type == Histogram {
			names = []string{m.Name + "_bucket", m.Name + "_sum", m.Name + "_count"}
		}
		for _, name := range names {
			q.known[name] = m
		}
	}
	return q
}

func (q *queries) wrong(format string, args ...any) {
	q.problems = append(q.problems, fmt.Sprintf(format, args...))
}

// scrapeLabels are those that Prometheus adds.
var scrapeLabels = []string{"job", "instance"}

// labels returns the labels that the series of a term have, and notes what is
// wrong with it. in is the function that it is an argument of, if any.
func (q *queries) labels(t *term, in string) map[string]bool {
	if t.kind == metric {
		return q.metric(t, in)
	}
	has := map[string]bool{}
	for _, arg := range t.args {
		function := ""
		if t.kind == call {
			function = t.name
		}
		maps.Copy(has, q.labels(arg, function))
	}
	switch {
	case t.kind == call && !slices.Contains([]string{"rate", "deriv", "time", "histogram_quantile"}, t.name):
		q.wrong("function %s is not known to this test", t.name)
	case t.kind == call && t.name == "histogram_quantile":
		if !has["le"] {
			q.wrong("histogram_quantile without le")
		}
		delete(has, "le")
	case t.kind == aggregation:
		inner := has
		has = map[string]bool{}
		if !t.by {
			q.wrong("%s without by", t.name)
		}
		for _, label := range t.labels {
			if !inner[label] {
				q.wrong("%s by %s, which is no label of what is summed up", t.name, label)
			}
			has[label] = true
		}
	}
	return has
}

func (q *queries) metric(t *term, in string) map[string]bool {
	has := map[string]bool{}
	m, ok := q.known[t.name]
	if !ok {
		q.wrong("no metric %s is exported", t.name)
		return has
	}
	q.used[m.Name] = true
	if counts := m.Type != Gauge; counts != (in == "rate") {
		q.wrong("%s is a %s: rate is for what only grows, and only for that", t.name, m.Type)
	}
	if over := in == "rate" || in == "deriv"; over != t.ranged {
		q.wrong("%s: rate and deriv are over a range, and nothing else is", t.name)
	}
	if strings.HasSuffix(t.name, "_bucket") {
		has["le"] = true
	}
	for _, label := range slices.Concat(m.Labels, scrapeLabels) {
		has[label] = true
	}
	for _, label := range t.labels {
		if !has[label] {
			q.wrong("%s has no label %s", m.Name, label)
		}
	}
	return has
}

var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// query checks a query and its legend.
func (q *queries) query(expr, legend string) {
	text := strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$instance", ".*").Replace(expr)
	e, err := parsePromQL(text)
	if err != nil {
		q.wrong("%v", err)
		return
	}
	has := q.labels(e, "")
	for _, p := range placeholder.FindAllStringSubmatch(legend, -1) {
		if !has[p[1]] {
			q.wrong("the legend has %s, and the result has not", p[1])
		}
	}
}

// Every query of the dashboard asks for metrics and labels that there are, and
// every metric is shown.
func TestDashboardKnowsTheMetrics(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	all := newQueries()
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			q := newQueries()
			q.query(target.Expr, target.LegendFormat)
			require.Empty(t, q.problems, "%s: %s", p.Title, target.Expr)
			require.NotEmpty(t, q.used, "%s: %s", p.Title, target.Expr)
			maps.Copy(all.used, q.used)
		}
	}
	var exported []string
	for _, m := range List() {
		exported = append(exported, m.Name)
	}
	require.ElementsMatch(t, exported, slices.Collect(maps.Keys(all.used)))

	values := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		parts := values.FindStringSubmatch(v.Definition)
		require.NotNil(t, parts, v.Definition)
		q := newQueries()
		q.query(parts[1], "{{"+parts[2]+"}}")
		require.Empty(t, q.problems, v.Definition)
	}
}

// The panels can be told apart, are explained, and do not lie on one another.
func TestDashboardPanels(t *testing.T) {
	t.Parallel()
	ids, cells := map[int]bool{}, map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		require.NotContains(t, ids, p.ID)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		if p.Type != "row" {
			require.NotEmpty(t, p.Description, p.Title)
			require.NotEmpty(t, p.Targets, p.Title)
		}
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				require.Empty(t, cells[[2]int{x, y}], p.Title)
				cells[[2]int{x, y}] = p.Title
			}
		}
	}
}

// What would be wrong in a query is found.
func TestQueriesAreChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ expr, legend, problem string }{
		{`dhcpha_ha_serving{job=~"$job"}`, "{{server}} {{instance}}", ""},
		{`sum by (le, stage) (rate(dhcpha_commit_seconds_bucket[$__rate_interval]))`, "{{stage}}", ""},
		{`dhcpha_ha_servings`, "", "no metric dhcpha_ha_servings"},
		{`dhcpha_commit_seconds`, "", "no metric dhcpha_commit_seconds"},
		{`dhcpha_ha_serving{peer="x"}`, "", "has no label peer"},
		{`dhcpha_ha_serving`, "{{peer}}", "the legend has peer"},
		{`sum by (peer) (dhcpha_ha_serving)`, "", "by peer, which is no label"},
		{`sum(dhcpha_ha_serving)`, "", "sum without by"},
		{`sum by (job) (dhcpha_ha_serving)`, "{{server}}", "the legend has server"},
		{`rate(dhcpha_ha_serving[5m])`, "", "is a gauge"},
		{`dhcpha_commits_total`, "", "is a counter"},
		{`histogram_quantile(0.9, sum by (stage) (rate(dhcpha_commit_seconds_bucket[5m])))`, "", "without le"},
		{`rate(dhcpha_commits_total)`, "", "over a range"},
		{`dhcpha_ha_serving[5m]`, "", "over a range"},
		{`deriv(dhcpha_store_revision[5m])`, "{{instance}}", ""},
		{`dhcpha_ha_serving{`, "", "cannot"},
		{`irate(dhcpha_commits_total[5m])`, "", "function irate"},
	} {
		q := newQueries()
		q.query(tt.expr, tt.legend)
		if tt.problem == "" {
			require.Empty(t, q.problems, tt.expr)
		} else {
			require.Contains(t, strings.Join(q.problems, "\n"), tt.problem, tt.expr)
		}
	}
}
