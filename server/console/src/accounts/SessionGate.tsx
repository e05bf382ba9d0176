/** Lets nobody past without a session, nor with a one-time password. */
import { Outlet } from "react-router"
import { Refused, Waiting } from "../shell/Page"
import { OwnPasswordPage } from "./OwnPassword"
import { MeContext, useSession } from "./session"
import { SignInPage } from "./SignIn"

export function SessionGate() {
  const session = useSession()
  if (session.data === undefined) {
    return session.error ? (
      <div style={{ maxWidth: 560, margin: "80px auto" }}>
        <Refused error={session.error} retry={() => void session.refetch()} />
      </div>
    ) : (
      <Waiting />
    )
  }
  if (session.data === null) return <SignInPage />
  if (session.data.must_set_password) return <OwnPasswordPage me={session.data} />
  return (
    <MeContext value={session.data}>
      <Outlet />
    </MeContext>
  )
}
