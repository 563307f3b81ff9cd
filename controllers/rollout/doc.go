// Package rollout reads what the pods of a server report in its status ConfigMap. It is pure.
package rollout
