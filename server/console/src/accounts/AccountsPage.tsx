/** Accounts: create, change, reset, disable. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { App, Button, Checkbox, Form, Input, Modal, Popconfirm, Select, Table, TreeSelect, Typography } from "antd"
import { useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { dateTime } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { areaTree, useAreas, useDepartments } from "../screens/places"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { useFormRefusal, useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import type { Role } from "./session"
import { words } from "./words"

type Account = Schemas["AccountView"]
type Issued = Schemas["IssuedAccount"]
const ROLES: Role[] = ["admin", "operator", "editor", "reviewer", "auditor"]

export function AccountsPage() {
  const t = useWords(words)
  const common = useWords(shell)
  const { language } = useLanguage()
  const client = useQueryClient()
  const notice = useRefusalNotice()
  const areas = useAreas()
  const departments = useDepartments()
  const accounts = useQuery({ queryKey: ["accounts"], queryFn: () => answered(api.GET("/api/v1/accounts")) })
  const [editing, setEditing] = useState<Account | "new" | null>(null)
  const [issued, setIssued] = useState<Issued | null>(null)
  const changed = () => void client.invalidateQueries({ queryKey: ["accounts"] })
  const reset = useMutation({
    mutationFn: (id: string) => answered(api.POST("/api/v1/accounts/{id}/reset-sign-in", { params: { path: { id } } })),
    onSuccess: (given) => (setIssued(given), changed()),
    onError: notice,
  })
  const disable = useMutation({
    mutationFn: ({ id, disabled }: { id: string; disabled: boolean }) =>
      answered(api.PATCH("/api/v1/accounts/{id}", { params: { path: { id } }, body: { disabled } })),
    onSuccess: changed,
    onError: notice,
  })
  const scopeText = (a: Account) => {
    const names = [
      a.scope.department && (departments.data?.find((d) => d.code === a.scope.department)?.name ?? a.scope.department),
      a.scope.area && (areas.data?.find((x) => x.code === a.scope.area)?.name ?? a.scope.area),
    ].filter(Boolean)
    return names.length ? names.join(" · ") : t.wholeCounty
  }
  return (
    <>
      <PageHead title={t.title} lead={t.lead}>
        <Button type="primary" onClick={() => setEditing("new")}>{t.create}</Button>
      </PageHead>
      <Loaded query={accounts}>
        {({ items }) => (
          <section className="panel flush" aria-label={t.title}>
            <Table<Account>
              size="small"
              rowKey="id"
              dataSource={items}
              pagination={items.length > 50 ? { pageSize: 50 } : false}
              locale={{ emptyText: <Nothing inTable title={t.empty} /> }}
              columns={[
                { title: t.displayName, dataIndex: "display_name", width: 150, render: (name: string) => <b>{name}</b> },
                { title: t.name, dataIndex: "name", width: 140, render: (name: string) => <span className="mono">{name}</span> },
                { title: t.roles, dataIndex: "roles", render: (roles: Role[]) => roles.map((r) => common.roles[r]).join(language === "zh" ? "、" : ", ") },
                { title: t.scope, key: "scope", render: (_, a) => (a.roles.includes("operator") ? scopeText(a) : <span className="faint">—</span>) },
                {
                  title: t.state,
                  key: "state",
                  width: 120,
                  render: (_, a) =>
                    a.disabled ? <span className="dot off">{t.states.disabled}</span>
                    : a.one_time ? <span className="dot wait">{t.states.oneTime}</span>
                    : <span className="dot good">{t.states.active}</span>,
                },
                { title: t.lastSignIn, dataIndex: "last_sign_in", width: 170, render: (at: number | null) => (at ? dateTime(at) : <span className="faint">{t.never}</span>) },
                {
                  title: t.actions,
                  key: "actions",
                  width: 210,
                  render: (_, a) => (
                    <div className="row nowrap" style={{ flexWrap: "nowrap", gap: 14 }}>
                      <button className="link-button" onClick={() => setEditing(a)} aria-label={`${t.edit} ${a.display_name}`}>{t.edit}</button>
                      <Popconfirm title={t.resetAsk(a.display_name)} description={t.resetDetail} okText={t.reset} cancelText={common.cancel} onConfirm={() => reset.mutateAsync(a.id).catch(() => undefined)}>
                        <button className="link-button" aria-label={`${t.reset} ${a.display_name}`}>{t.reset}</button>
                      </Popconfirm>
                      {a.disabled ? (
                        <button className="link-button" onClick={() => disable.mutate({ id: a.id, disabled: false })} aria-label={`${t.enable} ${a.display_name}`}>{t.enable}</button>
                      ) : (
                        <Popconfirm
                          title={t.disableAsk(a.display_name)}
                          description={t.disableDetail}
                          okText={t.disable}
                          okButtonProps={{ danger: true }}
                          cancelText={common.cancel}
                          onConfirm={() => disable.mutateAsync({ id: a.id, disabled: true }).catch(() => undefined)}
                        >
                          <button className="link-button" aria-label={`${t.disable} ${a.display_name}`}>{t.disable}</button>
                        </Popconfirm>
                      )}
                    </div>
                  ),
                },
              ]}
            />
          </section>
        )}
      </Loaded>
      {editing && (
        <AccountForm
          account={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
          onIssued={(given) => {
            setIssued(given)
            setEditing(null)
            changed()
          }}
          onSaved={() => {
            setEditing(null)
            changed()
          }}
        />
      )}
      {issued && (
        <Modal open title={t.issued} closable={false} maskClosable={false} keyboard={false} width={460} footer={<Button type="primary" onClick={() => setIssued(null)}>{t.issuedDone}</Button>}>
          <p>{t.issuedDetail(issued.account.name)}</p>
          <Typography.Text copyable={{ tooltips: [common.copy, common.copied] }} className="one-time-password" style={{ fontSize: 22, letterSpacing: 2, fontFamily: "ui-monospace, Consolas, monospace" }} aria-label={t.issued}>
            {issued.one_time_password}
          </Typography.Text>
        </Modal>
      )}
    </>
  )
}

interface Fields {
  name: string
  display_name: string
  roles: Role[]
  department?: string
  area?: string
}

function AccountForm({ account, onClose, onIssued, onSaved }: { account: Account | null; onClose: () => void; onIssued: (issued: Issued) => void; onSaved: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const [form] = Form.useForm<Fields>()
  const refused = useFormRefusal(form)
  const areas = useAreas()
  const departments = useDepartments()
  const roles = Form.useWatch("roles", form)
  const save = useMutation({
    mutationFn: async (v: Fields) => {
      const scope = { department: v.department ?? null, area: v.area ?? null }
      if (account) {
        await answered(api.PATCH("/api/v1/accounts/{id}", { params: { path: { id: account.id } }, body: { display_name: v.display_name, roles: v.roles, scope } }))
        return null
      }
      return answered(api.POST("/api/v1/accounts", { body: { name: v.name, display_name: v.display_name, roles: v.roles, scope } }))
    },
    onSuccess: (issued) => {
      if (issued) return onIssued(issued)
      void message.success(common.saved)
      onSaved()
    },
    onError: refused,
  })
  return (
    <Modal open title={account ? t.editTitle(account.display_name) : t.create} onCancel={onClose} okText={account ? common.save : t.create} onOk={() => form.submit()} confirmLoading={save.isPending} width={520}>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(v) => save.mutate(v)}
        initialValues={account ? { name: account.name, display_name: account.display_name, roles: account.roles, department: account.scope.department ?? undefined, area: account.scope.area ?? undefined } : { roles: [] }}
      >
        <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", columnGap: 16 }}>
          <Form.Item name="display_name" label={t.displayName} rules={[{ required: true, whitespace: true, message: t.displayNameNeeded }]}>
            <Input autoFocus maxLength={40} />
          </Form.Item>
          <Form.Item name="name" label={t.name} extra={account ? undefined : t.nameRule} rules={[{ required: true, message: t.nameNeeded }, { pattern: /^[a-z0-9._-]{2,32}$/, message: t.nameRule }]}>
            <Input disabled={account !== null} autoComplete="off" autoCapitalize="off" spellCheck={false} />
          </Form.Item>
        </div>
        <Form.Item name="roles" label={t.roles} rules={[{ required: true, message: t.rolesNeeded }]}>
          <Checkbox.Group style={{ display: "grid", gap: 6 }}>
            {ROLES.map((role) => (
              <Checkbox key={role} value={role} aria-label={common.roles[role]}>
                {common.roles[role]} <span className="quiet small">{t.roleHints[role]}</span>
              </Checkbox>
            ))}
          </Checkbox.Group>
        </Form.Item>
        {roles?.includes("operator") && (
          <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", columnGap: 16 }}>
            <Form.Item name="department" label={`${t.scope} · ${t.scopeDepartment}`} extra={t.scopeHint}>
              <Select allowClear showSearch optionFilterProp="label" placeholder={t.wholeCounty} options={departments.data?.map((d) => ({ value: d.code, label: d.name }))} />
            </Form.Item>
            <Form.Item name="area" label={`${t.scope} · ${t.scopeArea}`}>
              <TreeSelect allowClear showSearch treeDefaultExpandAll treeNodeFilterProp="title" placeholder={t.wholeCounty} treeData={areaTree(areas.data ?? [])} />
            </Form.Item>
          </div>
        )}
      </Form>
    </Modal>
  )
}
