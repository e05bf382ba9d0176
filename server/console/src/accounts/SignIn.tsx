/** The first page: name and password. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { Button, Form, Input } from "antd"
import { answered, api } from "../api/client"
import { SESSION } from "../api/query"
import { useWords } from "../i18n/language"
import { Refused } from "../shell/Page"
import { Sheet } from "./Sheet"
import { words } from "./words"

export function SignInPage() {
  const t = useWords(words)
  const client = useQueryClient()
  const signIn = useMutation({
    mutationFn: (body: { name: string; password: string }) => answered(api.POST("/api/v1/session", { body })),
    onSuccess: (me) => client.setQueryData(SESSION, me),
  })
  return (
    <Sheet title={t.signIn} lead={t.signInLead}>
      <Form layout="vertical" requiredMark={false} onFinish={(v) => signIn.mutate(v)} disabled={signIn.isPending}>
        <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameNeeded }]}>
          <Input autoFocus autoComplete="username" autoCapitalize="off" spellCheck={false} />
        </Form.Item>
        <Form.Item name="password" label={t.password} rules={[{ required: true, message: t.passwordNeeded }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        {signIn.error && (
          <div style={{ marginBottom: 14 }}>
            <Refused error={signIn.error} />
          </div>
        )}
        <Button type="primary" htmlType="submit" block loading={signIn.isPending}>{t.signIn}</Button>
      </Form>
    </Sheet>
  )
}
