package envtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	crenvtest "sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Option changes a cluster before it starts.
type Option func(*Cluster) error

// audited is the group of the users whose requests the API server logs.
const audited = "audited"

const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, userGroups: [` + audited + `]}
- {level: None}
`

// Audited lets the API server log the requests of the users that AddUser makes, into a folder.
func Audited(folder string) Option {
	return func(c *Cluster) error {
		file := filepath.Join(folder, "policy.yaml")
		if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
			return fmt.Errorf("write the policy of the audit log: %w", err)
		}
		c.audit = filepath.Join(folder, "audit.log")
		c.environment.ControlPlane.GetAPIServer().Configure().Set("audit-policy-file", file).Set("audit-log-path", c.audit)
		return nil
	}
}

// User is somebody who reaches the cluster with a certificate of their own.
type User struct {
	Config *rest.Config
	// Kubeconfig is the content of a file with which a program reaches the cluster.
	Kubeconfig []byte
}

// AddUser makes a user of a running cluster. One without groups may only do what roles say.
func (c *Cluster) AddUser(name string, groups ...string) (*User, error) {
	u, err := c.environment.AddUser(crenvtest.User{Name: name, Groups: append(groups, audited)}, nil)
	if err != nil {
		return nil, fmt.Errorf("make user %s: %w", name, err)
	}
	text, err := u.KubeConfig()
	if err != nil {
		return nil, fmt.Errorf("write the kubeconfig of user %s: %w", name, err)
	}
	return &User{Config: u.Config(), Kubeconfig: text}, nil
}

// Answered is a request as the API server has logged it.
type Answered struct {
	Verb, Resource, Namespace, Name string
	// Code of the answer in HTTP.
	Code int
}

func (r Answered) String() string {
	return fmt.Sprintf("%s %s %s/%s: %d", r.Verb, r.Resource, r.Namespace, r.Name, r.Code)
}

// Write tells whether the request asks for a change.
func (r Answered) Write() bool { return !slices.Contains([]string{"get", "list", "watch"}, r.Verb) }

// auditEvent is the part of an audit.k8s.io/v1 Event that is read.
type auditEvent struct {
	Verb string `json:"verb"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef *struct {
		Resource, Subresource, Namespace, Name string
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// Audit are the requests that a user of an Audited cluster has made, without those that have to do with Leases.
func (c *Cluster) Audit(user string) ([]Answered, error) {
	text, err := os.ReadFile(c.audit)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	var out []Answered
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			continue // it is being written
		}
		var e auditEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		if r := e.ObjectRef; e.User.Username == user && r != nil && r.Resource != "leases" {
			resource := strings.TrimSuffix(r.Resource+"/"+r.Subresource, "/")
			out = append(out, Answered{e.Verb, resource, r.Namespace, r.Name, e.ResponseStatus.Code})
		}
	}
	return out, nil
}
